/** Clusters as their users start, look at and stop them: real processes in directories of their own. */
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { folder, pond, start } from "./pond.ts";

interface Status {
  readonly running: boolean;
  readonly url: string;
  readonly clusterId: string;
  readonly pid: number;
  readonly strength: string;
  readonly nodes: readonly { readonly node: number; readonly status: string }[];
  readonly chains: readonly { readonly replicas: readonly { readonly state: string }[] }[];
  readonly services: readonly { readonly name: string; readonly pid: number }[];
}

/** A folder whose cluster is stopped when the test ends, however it ends. */
async function place() {
  const made = await folder({});
  const env = { XDG_CONFIG_HOME: `${made.path}/config`, POND_CLUSTER_DIR: `${made.path}/cluster` };
  const cluster = (args: readonly string[]) => pond(["cluster", ...args], { env });
  const status = async () => {
    const { code, stdout } = await cluster(["status", "--json"]);
    return { code, ...(JSON.parse(stdout) as Status) };
  };
  const dispose = async (): Promise<void> => {
    await cluster(["down"]);
    await made[Symbol.asyncDispose]();
  };
  return { path: made.path, env, cluster, status, [Symbol.asyncDispose]: dispose };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until(wanted: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 150; look++) {
    if (await wanted()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("it never came");
}

test("a cluster is started in the background, told of, stopped, and the same one is started again", async () => {
  await using home = await place();
  // The usual one may be another test's by the time of the second start.
  const up = await home.cluster(["up", "--storage", "3", "--port", String(await freePort())]);
  expect(up).toMatchObject({ code: 0, stderr: "" });
  expect(up.stdout).toMatch(/^3fs:\/\/127\.0\.0\.1:\d+\n$/);
  const first = await home.status();
  expect(first).toMatchObject({ code: 0, running: true, url: up.stdout.trim() });
  expect(first.nodes.map(({ node, status }) => `${node} ${status}`)).toEqual([
    "1 alive",
    ...[101, 102, 103].map((node) => `${node} alive`),
  ]);
  const profile = JSON.parse(await readFile(`${home.path}/config/pond/clusters.json`, "utf8")) as object;
  expect(profile).toMatchObject({
    [up.stdout.trim().slice("3fs://".length)]: {
      clusterId: first.clusterId,
      token: expect.stringMatching(/^3fs-token-/) as unknown,
    },
  });
  expect((await stat(`${home.path}/config/pond/clusters.json`)).mode & 0o777).toBe(0o600);
  const text = await home.cluster(["status"]);
  expect(text.stdout).toMatch(/^state +(whole|serving): \d of 6 replicas of 2 chains serve/m);
  const again = await home.cluster(["up"]);
  expect(again).toMatchObject({ code: 0, stdout: up.stdout });
  expect(again.stderr).toMatch(/runs already/);
  expect(await home.cluster(["up", "--storage", "5"])).toMatchObject({ code: 1, stdout: "" });
  expect(await home.cluster(["down"])).toMatchObject({ code: 0, stdout: "" });
  expect(await home.status()).toMatchObject({ code: 1, running: false });
  expect(await home.cluster(["up"])).toMatchObject({ code: 0, stdout: up.stdout });
  const second = await home.status();
  expect(second.clusterId).toBe(first.clusterId);
  expect(second.pid).not.toBe(first.pid);
});

test("with --processes, a storage service that is killed is started again and its chains are whole again", async () => {
  await using home = await place();
  expect(await home.cluster(["up", "--processes", "--json"])).toMatchObject({ code: 0 });
  const { services } = await home.status();
  expect(services.map(({ name }) => name)).toEqual(["mind-1", "storage-101", "storage-102", "storage-103"]);
  const killed = services[2]!;
  process.kill(killed.pid, "SIGKILL");
  await until(async () => {
    const now = await home.status();
    const pid = now.services.find(({ name }) => name === killed.name)?.pid;
    return now.strength === "whole" && pid !== killed.pid;
  });
});

test("in the foreground it stays until Ctrl-C, and ends with exit code 130", async () => {
  await using home = await place();
  const running = start(["cluster", "up", "--foreground", "--storage", "1"], { env: home.env });
  await running.printed("3fs://");
  expect((await home.status()).pid).toBe(running.child.pid);
  running.child.kill("SIGINT");
  expect(await running.finished).toMatchObject({ code: 130, stderr: "" });
  expect((await home.status()).running).toBe(false);
});

test("what cannot be is said in plain words, and nothing is left behind", async () => {
  await using home = await place();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as { port: number };
  const refused = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await home.cluster(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/\n {2}hint: /);
    return stderr;
  };
  expect(await refused(["status"])).toMatch(/^there is no cluster in /);
  expect(await refused(["down"])).toMatch(/^there is no cluster in /);
  expect(await refused(["up", "--storage", "2", "--replicas", "3"])).toMatch(
    /^3 replicas need 3 storage nodes that fail apart, and there are 2/,
  );
  expect(await refused(["up", "--port", String(port)])).toMatch(/^port \d+ of 127\.0\.0\.1 is taken/);
  expect(await refused(["status"])).toMatch(/^there is no cluster in /);
  taken.close();
});

test.each([
  [["up", "--storage", "0"]],
  [["up", "--port", "70000"]],
  [["up", "--durability", "none"]],
  [["sideways"]],
])("pond cluster %j is wrong usage", async (args) => {
  expect(await pond(["cluster", ...args])).toMatchObject({ code: 2, stdout: "" });
});

test.each([["up"], ["down"], ["status"]])("pond cluster %s --help shows an example", async (command) => {
  const { code, stdout } = await pond(["cluster", command, "--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nExamples?:\n {2}pond cluster /);
});
