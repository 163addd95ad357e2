import { spawn } from "node:child_process";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { isPondError } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import {
  clusterProfilesPath,
  isDirectoryLocked,
  lockDirectory,
  openClusterDirectory,
  parseClusterFile,
  readClusterFile,
  readClusterProfiles,
  readRunning,
  rememberCluster,
} from "@smallpond/fs-core/platform";
import { expect, test } from "vitest";

async function refusal(work: Promise<unknown>) {
  const error = await work.then(
    () => new Error("not refused"),
    (error: unknown) => error,
  );
  if (!isPondError(error)) throw error;
  expect(error.hint).toBeTruthy();
  return { code: error.code, message: error.message };
}

test("a new cluster's file says who it is to its owner alone, and the next start finds the same", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const directory = `${place.path}/a/b`;
  const made = await openClusterDirectory(directory, { storage: 4, replicas: 2 });
  expect(made).toMatchObject({ isNew: true, file: { replicas: 2, durability: "fsync" } });
  expect(made.file.storage.map(({ node, directory }) => [node, directory])).toEqual(
    [1, 2, 3, 4].map((at) => [100 + at, `storage-${at}`]),
  );
  expect((await stat(`${directory}/cluster.json`)).mode & 0o777).toBe(0o600);
  await made.release();
  await using again = await openClusterDirectory(directory, { storage: 4 });
  expect(again).toMatchObject({ isNew: false, file: made.file });
  expect(await readClusterFile(directory)).toEqual(made.file);
});

test("by default there are three replicas on three storage nodes; fewer nodes have fewer", async () => {
  await using place = await new NodeDisk().tempDirectory();
  await using usual = await openClusterDirectory(`${place.path}/usual`);
  expect([usual.file.storage.length, usual.file.replicas]).toEqual([3, 3]);
  await using small = await openClusterDirectory(`${place.path}/small`, { storage: 1 });
  expect([small.file.storage.length, small.file.replicas]).toEqual([1, 1]);
});

test("a directory is one process's, until that process is gone, however it went", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const lock = await lockDirectory(place.path);
  expect(await refusal(lockDirectory(place.path))).toMatchObject({ code: "DIRECTORY_LOCKED" });
  await lock.release();
  expect(await isDirectoryLocked(place.path)).toBe(false);
  const { ino, dev } = await stat(place.path, { bigint: true });
  const name = `\\0pond-${dev.toString(36)}-${ino.toString(36)}`;
  const script = `require("net").createServer().listen("${name}", () => console.log("held"))`;
  const holder = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  expect(await isDirectoryLocked(place.path)).toBe(true);
  expect(await refusal(openClusterDirectory(place.path))).toMatchObject({
    code: "CLUSTER_RUNS",
    message: `the cluster in ${place.path} is running already`,
  });
  holder.kill("SIGKILL");
  await new Promise((resolve) => holder.once("exit", resolve));
  await using opened = await openClusterDirectory(place.path);
  expect(opened.isNew).toBe(true);
});

test("options that the cluster contradicts are refused, with what it is", async () => {
  await using place = await new NodeDisk().tempDirectory();
  await (await openClusterDirectory(place.path, { storage: 3 })).release();
  expect(await refusal(openClusterDirectory(place.path, { storage: 5 }))).toEqual({
    code: "CLUSTER_DIFFERS",
    message: `the cluster in ${place.path} is there already, and it has 3 storage nodes, not 5`,
  });
});

test("too few nodes for the replicas are told before anything is made", async () => {
  await using place = await new NodeDisk().tempDirectory();
  expect(await refusal(openClusterDirectory(place.path, { storage: 2, replicas: 3 }))).toEqual({
    code: "BAD_CLUSTER",
    message: "3 replicas need 3 storage nodes that fail apart, and there are 2",
  });
  expect(await refusal(readClusterFile(place.path))).toMatchObject({ code: "NO_SUCH_CLUSTER" });
});

test("a directory with something else in it does not become a cluster", async () => {
  await using place = await new NodeDisk().tempDirectory();
  await mkdir(`${place.path}/mind`);
  expect(await refusal(openClusterDirectory(place.path))).toEqual({
    code: "DIRECTORY_NOT_EMPTY",
    message: `${place.path} has no cluster.json and is not empty: there is mind`,
  });
});

test("a port that was chosen here is changed when it is gone, one that was wished for or is known is not", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const portOf = ({ minds }: { readonly minds: readonly { readonly port: number }[] }) => minds[0]!.port;
  for (const [name, choices] of [
    ["any", {}],
    ["zero", { port: 0 }],
  ] as const) {
    const opened = await openClusterDirectory(`${place.path}/${name}`, choices);
    const moved = await opened.movePort(portOf(opened.file));
    expect(portOf(moved!)).not.toBe(portOf(opened.file));
    expect(await readClusterFile(opened.path)).toEqual(moved);
    await opened.release();
    await using again = await openClusterDirectory(opened.path);
    expect(await again.movePort(portOf(again.file))).toBeUndefined();
  }
  const { port } = await (async () => {
    await using probe = await openClusterDirectory(`${place.path}/probe`, { port: 0 });
    return { port: portOf(probe.file) };
  })();
  await using wished = await openClusterDirectory(`${place.path}/wished`, { port });
  expect(await wished.movePort(port)).toBeUndefined();
});

test("a port that another program has is refused by name; without a wish any other is taken", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as { port: number };
  expect(await refusal(openClusterDirectory(place.path, { port }))).toMatchObject({
    code: "PORT_TAKEN",
    message: `port ${port} of 127.0.0.1 is taken by another program`,
  });
  taken.close();
});

test.each([
  ["nothing", "", /it is not JSON/],
  ["another version", '{"version":2}', /it has version 2, and 1 is known here/],
  ["no secret", '{"version":1,"clusterId":"c"}', /secret is not hexadecimal/],
])("a cluster.json with %s is refused", async (_, text, message) => {
  expect(() => parseClusterFile(text, "/d/cluster.json")).toThrow(message);
  await using place = await new NodeDisk().tempDirectory();
  await writeFile(`${place.path}/cluster.json`, text);
  expect(await refusal(openClusterDirectory(place.path))).toMatchObject({ code: "CLUSTER_FILE_BAD" });
});

test("any field that is changed to nonsense is found", async () => {
  await using place = await new NodeDisk().tempDirectory();
  await using opened = await openClusterDirectory(place.path);
  const { file } = opened;
  for (const key of Object.keys(file)) {
    for (const nonsense of [undefined, -1, "../..", [], {}, null]) {
      const text = JSON.stringify({ ...file, [key]: nonsense });
      if (key === "clusterId" && nonsense === "../..") continue;
      expect(() => parseClusterFile(text, "f"), `${key}: ${JSON.stringify(nonsense)}`).toThrow();
    }
  }
  const up = { ...file, storage: [{ ...file.storage[0], directory: ".." }] };
  expect(() => parseClusterFile(JSON.stringify(up), "f")).toThrow(/a name below/);
});

test("what a killed cluster left behind does not count as running", async () => {
  await using place = await new NodeDisk().tempDirectory();
  await writeFile(`${place.path}/running.json`, JSON.stringify({ pid: process.pid, processes: false }));
  expect(await readRunning(place.path)).toBeUndefined();
});

test("profiles of clusters that start at the same time are all kept, for their owner alone", async () => {
  await using place = await new NodeDisk().tempDirectory();
  const path = clusterProfilesPath({ XDG_CONFIG_HOME: place.path });
  expect(await readClusterProfiles(path)).toEqual({});
  const ports = [9000, 9001, 9002, 9003];
  await Promise.all(
    ports.map((port) =>
      rememberCluster({ [`127.0.0.1:${port}`]: { clusterId: `c${port}`, token: "t" } }, path),
    ),
  );
  expect(Object.keys(await readClusterProfiles(path)).sort()).toEqual(
    ports.map((port) => `127.0.0.1:${port}`),
  );
  expect(path).toBe(`${place.path}/pond/clusters.json`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).toMatch(/\n$/);
});
