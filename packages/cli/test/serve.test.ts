/** `pond serve` as three machines would run it, on this one. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { NodeClock } from "@smallpond/base/platform/node";
import { clusterStatus, waitUntilUp } from "@smallpond/fs-core";
import { connectManager } from "@smallpond/fs-core/platform";
import { expect, test } from "vitest";
import { parseConfig, shapeOf } from "../src/serve/config.ts";
import { managersIn } from "../src/serve/settings.ts";
import { folder, pond, start } from "./pond.ts";

const SAMPLE = fileURLToPath(new URL("../../../docs/operating/three-hosts.toml", import.meta.url));
const SECRET = "5a".repeat(32);

/** The sample with the machines' addresses and directories replaced by some of this one. */
async function threeHosts(path: string): Promise<string> {
  const text = (await readFile(SAMPLE, "utf8"))
    .replaceAll(
      /"(host-[abc]):(\d+)"/g,
      (_, host: string, port: string) => `"unix:${path}/${host}-${port}.sock"`,
    )
    .replaceAll(/"\/data\//g, '"data/')
    .replaceAll(/^disks = .*$/gm, (line) =>
      line.replaceAll("data/", `data-${Math.random().toString(36).slice(2)}/`),
    )
    .replaceAll(/"\/var\/lib\/pond\/mind"/g, '"mind"')
    .replace("targets-per-disk = 4", "targets-per-disk = 1")
    .replaceAll(/^admin = .*$/gm, "");
  await writeFile(`${path}/cluster.toml`, text);
  await writeFile(`${path}/secret`, SECRET, { mode: 0o600 });
  return text;
}

test("the sample for three hosts starts: the first mind puts the cluster together, and all ends in order", async () => {
  await using place = await folder({});
  const config = parseConfig(await threeHosts(place.path), `${place.path}/cluster.toml`);
  const serve = (kind: string, node: number) =>
    start(["serve", kind, "--config", "cluster.toml", "--node", String(node)], { cwd: place.path });
  const services = [
    serve("mgmtd", 1),
    serve("meta", 2),
    ...[101, 102, 103].map((node) => serve("storage", node)),
  ];
  for (const service of services) await service.printed(" serves at ");
  const secret = new Uint8Array(Buffer.from(SECRET, "hex"));
  const credentials = { kind: "member", clusterId: config.clusterId, secret } as const;
  await using connection = connectManager({ managers: managersIn(config), credentials });
  const { mgmtd } = connection;
  await waitUntilUp({ mgmtd, clock: new NodeClock() }, shapeOf(config), { strength: "whole" });
  const status = clusterStatus(mgmtd.routing, await mgmtd.status());
  expect([status.chains.length, status.targets.length, status.nodes.length]).toEqual([2, 6, 5]);
  expect(await readFile(`${place.path}/root.token`, "utf8")).toMatch(/^3fs-token-/);
  const twice = await pond(["serve", "storage", "--config", "cluster.toml", "--node", "102"], {
    cwd: place.path,
  });
  expect(twice).toMatchObject({ code: 1, stdout: "" });
  expect(twice.stderr).toMatch(/^target 10201 in .* is open in another process/);
  for (const service of services.toReversed()) {
    service.child.kill("SIGTERM");
    expect((await service.finished).code).toBe(0);
  }
});

test("a file is checked without starting anything", async () => {
  const good = await pond(["serve", "mgmtd", "--config", SAMPLE, "--check"]);
  expect(good).toMatchObject({ code: 0, stdout: "" });
  expect(good.stderr).toMatch(/is good: 2 minds, 3 storage nodes/);
});

test("a secret that is not there, or that others may read, is refused with what to do", async () => {
  await using place = await folder({});
  await threeHosts(place.path);
  const serve = () =>
    pond(["serve", "mgmtd", "--config", "cluster.toml", "--node", "1"], { cwd: place.path });
  await chmod(`${place.path}/secret`, 0o644);
  expect((await serve()).stderr).toMatch(/secret may be read by others\n {2}hint: chmod 600/);
  await place.write("cluster.toml", (await readFile(SAMPLE, "utf8")).replace('"secret"', '"nowhere"'));
  expect((await serve()).stderr).toMatch(/nowhere is not there\n {2}hint: make it once/);
});

test.each([[["serve", "mgmtd"]], [["serve", "nothing", "--config", "f"]]])(
  "pond %j is wrong usage",
  async (args) => {
    expect(await pond(args)).toMatchObject({ code: 2, stdout: "" });
  },
);

test.each([["mgmtd"], ["meta"], ["storage"]])("pond serve %s --help shows an example", async (kind) => {
  const { code, stdout } = await pond(["serve", kind, "--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nExamples:\n {2}pond serve /);
});
