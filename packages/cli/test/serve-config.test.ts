/** What `pond serve` says to files that describe clusters. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseConfig } from "../src/serve/config.ts";
import { entryFor, storageSettings } from "../src/serve/settings.ts";

const SAMPLE = fileURLToPath(new URL("../../../docs/operating/three-hosts.toml", import.meta.url));

test("the sample for three hosts describes minds, storage nodes and where each target lies", async () => {
  const config = parseConfig(await readFile(SAMPLE, "utf8"), "/etc/pond/cluster.toml");
  expect(config).toMatchObject({
    secretFile: "/etc/pond/secret",
    replicas: 3,
    durability: "fsync",
    nearMemory: "on",
    dscp: { foreground: 10, resync: 1, cache: 14, control: 16 },
  });
  expect(config.minds.map(({ node, store }) => [node, store])).toEqual([
    [1, "/var/lib/pond/mind"],
    [2, "/var/lib/pond/mind"],
  ]);
  const { targets, address, hostTag } = storageSettings(
    config,
    entryFor(config, "storage", 102),
    "5a".repeat(16),
  );
  expect([address, hostTag]).toEqual([{ kind: "tcp", host: "host-b", port: 9010 }, "host-b"]);
  expect(targets).toHaveLength(8);
  expect(targets[4]).toEqual({ id: 10205, disk: 1, directory: "/data/disk-1/target-10205" });
});

const GOOD = `
[cluster]
id = "c"
secret-file = "secret"
root-token-file = "token"
replicas = 1
[[mind]]
node = 1
host = "a"
listen = "127.0.0.1:9000"
store = "mind"
[[storage]]
node = 101
host = "a"
listen = "[::1]:0"
disks = ["d"]
`;

test("a small file is good, with defaults for what it does not say", () => {
  expect(parseConfig(GOOD, "/e/f.toml")).toMatchObject({
    targetsPerDisk: 4,
    stripe: 16,
    chunkBytes: 2 ** 20,
  });
});

test("a mark of its own for one class leaves the others theirs", () => {
  const { dscp } = parseConfig(`${GOOD}\n[dscp]\nresync = 0`, "/e/f.toml");
  expect(dscp).toEqual({ foreground: 10, resync: 0, cache: 14, control: 16 });
});

test.each([
  ["a mark of seven bits", `${GOOD}\n[dscp]\ncache = 64`, /dscp\.cache is not a number from 0 to 63$/],
  ["a class that there is not", `${GOOD}\n[dscp]\nbackground = 1`, /dscp\.background is not known$/],
  ["a syntax error, with its place", GOOD.replace('id = "c"', "id = "), /^\/e\/f\.toml:3:6: incomplete/],
  ["a table that is missing", GOOD.replace("[cluster]", "[clusters]"), /cluster is missing/],
  ["a key that nobody knows", GOOD.replace("replicas", "replica"), /cluster\.replica is not known/],
  ["a key of a node that nobody knows", `${GOOD}disk = 1\n`, /storage\[0\]\.disk is not known/],
  ["an address that is none", GOOD.replace("127.0.0.1:9000", "here"), /mind\[0\]\.listen is not an address/],
  [
    "a count that is none",
    GOOD.replace("replicas = 1", "replicas = 0"),
    /cluster\.replicas is not a number from 1 on/,
  ],
  [
    "a word that is none",
    GOOD.replace("replicas = 1", 'durability = "maybe"'),
    /durability is not fsync, replicated/,
  ],
  ["no minds", GOOD.replace("[[mind]]", "[[minds]]"), /minds is not known|mind is missing/],
  [
    "too few hosts for the replicas",
    GOOD.replace("replicas = 1", "replicas = 3"),
    /3 replicas need 3 storage nodes/,
  ],
  [
    "minds of two machines",
    `${GOOD}[[mind]]\nnode = 2\nhost = "b"\nlisten = "b:9000"\nstore = "mind"\n`,
    /entries 1 and 2 differ in host or store/,
  ],
])("%s is said by name", (_, text, message) => {
  expect(() => parseConfig(text, "/e/f.toml")).toThrow(message);
});

test("without a number, the node is the one of this machine", async () => {
  const text = (await readFile(SAMPLE, "utf8")).replaceAll('"host-b"', JSON.stringify(hostname()));
  const config = parseConfig(text, "/e/f.toml");
  expect(entryFor(config, "storage", undefined).node).toBe(102);
  expect(() => entryFor(config, "storage", 104)).toThrow(
    /there is no storage node 104: there are 101 on host-a/,
  );
  expect(() => entryFor(config, "mind", undefined)).toThrow(/no mind node for this machine/);
});
