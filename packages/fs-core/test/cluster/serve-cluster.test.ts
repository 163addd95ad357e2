/** Clusters of this machine from their directories, in this process. */
import { readFileSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { equalBytes } from "@smallpond/base";
import { NodeClock, NodeDisk } from "@smallpond/base/platform/node";
import { META, ROOT_INODE, waitUntilUp } from "@smallpond/fs-core";
import {
  connect,
  parseClusterFile,
  readClusterFile,
  readRunning,
  type ServedCluster,
  serveCluster,
  shapeOf,
} from "@smallpond/fs-core/platform";
import { expect, test, vi } from "vitest";

const FROM_SOURCE: readonly string[] = [
  "--no-warnings",
  "-C",
  "@smallpond/source",
  "--import",
  import.meta.resolve("tsx"),
];

const SMALL = { storage: 1, targetsPerNode: 1 } as const;

async function mkdir({ connection }: ServedCluster, path: string): Promise<void> {
  await connection.meta.change(META.mkdirs, { directory: ROOT_INODE, path, mode: 0o755, parents: false });
}

test("a cluster serves from its directory, and goes on with the same ids and data when it is started again", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const directory = `${place.path}/cluster`;
  let before: ServedCluster["file"];
  {
    await using cluster = await serveCluster({ directory, choices: SMALL });
    expect(cluster).toMatchObject({ isNew: true, url: `3fs://127.0.0.1:${cluster.file.minds[0]!.port}` });
    expect(await readRunning(directory)).toMatchObject({ pid: process.pid, url: cluster.url });
    await mkdir(cluster, "a");
    before = cluster.file;
  }
  expect(await readRunning(directory)).toBeUndefined();
  await using cluster = await serveCluster({ directory });
  expect(cluster).toMatchObject({ isNew: false, file: before });
  await expect(mkdir(cluster, "a")).rejects.toMatchObject({ code: "EEXIST" });
  expect((await readdir(`${directory}/logs`)).sort()).toEqual(["cluster.log", "mind-1.log", "storage-1.log"]);
});

test("bytes are on all replicas: each storage node's alone would do, and a disk that was replaced is filled again", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const directory = `${place.path}/cluster`;
  const bytes = Uint8Array.from({ length: 3 * 2 ** 20 + 5 }, (_, at) => (at * 31 + (at >>> 12)) & 255);
  const open = (cluster: ServedCluster) => connect(cluster.url, { token: cluster.file.rootToken });
  {
    await using cluster = await serveCluster({ directory, choices: { storage: 2, replicas: 2 } });
    await using fs = await open(cluster);
    await fs.writeFile("/bytes", bytes);
  }
  for (const lost of ["storage-1", "storage-2"]) {
    await rm(`${directory}/${lost}`, { recursive: true });
    await using cluster = await serveCluster({ directory });
    await using fs = await open(cluster);
    expect(equalBytes(await fs.readFile("/bytes"), bytes)).toBe(true);
    const { mgmtd } = cluster.connection;
    await waitUntilUp({ mgmtd, clock: new NodeClock() }, shapeOf(cluster.file), { strength: "whole" });
  }
});

test.each([
  ["journal", "journal/000000000001.journal", 4096 + 40],
  ["index", "checkpoint/0000000001.manifest", 40],
  ["superblock, and its copy", "superblock", 40],
] as const)("a replica whose %s is damaged is made anew, and filled by another", async (what, file, at) => {
  await using place = await new NodeDisk().tempDirectory();
  const directory = `${place.path}/cluster`;
  const bytes = Uint8Array.from({ length: 3 * 2 ** 20 + 5 }, (_, n) => (n * 31 + (n >>> 12)) & 255);
  const open = (cluster: ServedCluster) => connect(cluster.url, { token: cluster.file.rootToken });
  {
    await using cluster = await serveCluster({ directory, choices: { storage: 2, replicas: 2 } });
    await using fs = await open(cluster);
    await fs.writeFile("/bytes", bytes);
  }
  const targets = (await readdir(`${directory}/storage-1`)).filter((name) => name.startsWith("target-"));
  const damaged = `${directory}/storage-1/${targets[0]}`;
  await flip(`${damaged}/${file}`, at);
  if (what.endsWith("copy")) await flip(`${damaged}/superblock.copy`, at);
  {
    await using cluster = await serveCluster({ directory });
    const { mgmtd } = cluster.connection;
    await vi.waitFor(async () => expect(await logsOf(directory)).toContain("is made anew"), 30_000);
    await waitUntilUp({ mgmtd, clock: new NodeClock() }, shapeOf(cluster.file), { strength: "whole" });
  }
  expect((await logsOf(directory)).match(/cannot be opened|is made anew/g)).toHaveLength(2);
  // Alone it has all the bytes again.
  await rm(`${directory}/storage-2`, { recursive: true });
  await using cluster = await serveCluster({ directory });
  await using fs = await open(cluster);
  expect(equalBytes(await fs.readFile("/bytes"), bytes)).toBe(true);
});

test("a superblock that is damaged is made good from its copy", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const directory = `${place.path}/cluster`;
  await (await serveCluster({ directory, choices: { storage: 1, replicas: 1 } })).close();
  const [target] = (await readdir(`${directory}/storage-1`)).filter((name) => name.startsWith("target-"));
  const path = `${directory}/storage-1/${target}/superblock`;
  const before = await readFile(path);
  await flip(path, 40);
  await using cluster = await serveCluster({ directory });
  const { mgmtd } = cluster.connection;
  await waitUntilUp({ mgmtd, clock: new NodeClock() }, shapeOf(cluster.file), { strength: "whole" });
  expect(equalBytes(await readFile(path), before)).toBe(true);
});

async function logsOf(directory: string): Promise<string> {
  const names = await readdir(`${directory}/logs`);
  return (await Promise.all(names.map((name) => readFile(`${directory}/logs/${name}`, "utf8")))).join("");
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at]! ^= 1;
  await writeFile(path, bytes);
}

test("two starts at the same time make one cluster, and the other is told", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const start = () => serveCluster({ directory: place.path, choices: SMALL });
  const both = await Promise.allSettled([start(), start()]);
  const [won, lost] = both[0]!.status === "fulfilled" ? both : both.toReversed();
  expect(lost).toMatchObject({ status: "rejected", reason: { code: "CLUSTER_RUNS" } });
  if (won?.status !== "fulfilled") throw new Error("nobody won");
  await won.value.close();
});

test("a port that is taken later is named, and everything that was started is stopped again", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const [one, two] = [`${place.path}/one`, `${place.path}/two`];
  await using first = await serveCluster({ directory: one, choices: SMALL });
  const { port } = first.file.minds[0]!;
  await expect(serveCluster({ directory: two, choices: { ...SMALL, port } })).rejects.toMatchObject({
    code: "PORT_TAKEN",
    message: `port ${port} of 127.0.0.1 is taken by another program`,
  });
  await using second = await serveCluster({ directory: two, choices: SMALL });
  expect(second.file.minds[0]!.port).not.toBe(port);
});

test.each([false, true])(
  "a new cluster whose port another one takes first is reached at the next (in processes: %s)",
  async (processes) => {
    await using place = await new NodeDisk().tempDirectory();
    const rival = createServer((socket) => socket.destroy());
    let lost: number | undefined;
    // Chosen, but nobody listens yet.
    const onProgress = (): void => {
      if (lost !== undefined) return;
      lost = parseClusterFile(readFileSync(`${place.path}/cluster.json`, "utf8"), "").minds[0]!.port;
      rival.listen(lost, "127.0.0.1");
    };
    try {
      await using cluster = await serveCluster(
        {
          directory: place.path,
          choices: SMALL,
          processes,
          nodeArguments: FROM_SOURCE,
        },
        { onProgress },
      );
      expect(cluster.file.minds[0]!.port).not.toBe(lost);
      expect(await readClusterFile(place.path)).toEqual(cluster.file);
      await mkdir(cluster, "a");
    } finally {
      await new Promise((resolve) => rival.close(resolve));
    }
  },
);

test("clusters that are made at once each get a port of their own, and so do all minds of one", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const choices = { ...SMALL, minds: 2 };
  const all = await Promise.all(
    ["one", "two"].map((name) =>
      serveCluster({ directory: `${place.path}/${name}`, choices, nodeArguments: FROM_SOURCE }),
    ),
  );
  const ports = all.flatMap(({ file }) => file.minds.map(({ port }) => port));
  await Promise.all(all.map((cluster) => cluster.close()));
  expect(new Set(ports).size).toBe(4);
});

test("storage nodes take up what they are set to while they run, and say what they refuse", async () => {
  await using place = await new NodeDisk().tempDirectory();
  await using cluster = await serveCluster({ directory: place.path, choices: SMALL });
  const { mgmtd } = cluster.connection;
  const set = (text: string, basedOn: number) =>
    mgmtd.setConfig({ kind: "storage", text, note: "a try", basedOn });
  const told = async (version: number): Promise<string | undefined> => {
    for (;;) {
      const { nodes } = await mgmtd.status();
      const node = nodes.find(({ node }) => node === cluster.file.storage[0]!.node);
      if (node?.configVersion === version) return node.configError;
      await new NodeClock().sleep(50);
    }
  };
  await set("scrub-bytes-per-second = 1000000", 0);
  expect(await told(1)).toBeUndefined();
  await set("scrub-bytes-per-second = fast", 1);
  expect(await told(2)).toMatch(
    /line 1 is nothing that storage nodes can be set to: scrub-bytes-per-second = fast/,
  );
});

test("an abort while it starts stops what was started, and the next start goes on", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const stop = new AbortController();
  const reason = new Error("enough");
  const onProgress = (text: string): void => {
    if (text === "putting the cluster together") stop.abort(reason);
  };
  const start = serveCluster({ directory: place.path, choices: SMALL }, { signal: stop.signal, onProgress });
  await expect(start).rejects.toBe(reason);
  await using cluster = await serveCluster({ directory: place.path });
  await mkdir(cluster, "a");
});

test("a target of another cluster is refused", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const [one, two] = [`${place.path}/one`, `${place.path}/two`];
  await (await serveCluster({ directory: one, choices: SMALL })).close();
  await (await serveCluster({ directory: two, choices: SMALL })).close();
  await rm(`${two}/storage-1`, { recursive: true });
  await new NodeDisk().rename({ from: `${one}/storage-1`, to: `${two}/storage-1` });
  await expect(serveCluster({ directory: two })).rejects.toMatchObject({
    message: expect.stringMatching(/belongs to cluster .*, not to /) as unknown,
  });
});
