import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { NO_PROBES } from "@smallpond/base";
import { NodeClock, NodeDisk, NodeRandom } from "@smallpond/base/platform/node";
import { newCrc32c, openLeasedNet } from "@smallpond/fs-native";
import { afterEach, describe, expect, test } from "vitest";
import { nodeId } from "../../src/ids.ts";
import { MgmtdClient } from "../../src/mgmtd/agent/mgmtd-client.ts";
import { NodeCrypto } from "../../src/platform/node-crypto.ts";
import { mindCommand } from "../../src/platform/processes/mind-process.ts";
import { reportDeathsTo } from "../../src/platform/processes/report-deaths.ts";
import type { ChildCommand } from "../../src/platform/processes/supervised-child.ts";
import {
  type ChildDeath,
  Supervisor,
  type SupervisorDeps,
  type SupervisorSettings,
} from "../../src/platform/processes/supervisor.ts";
import { silentLogger } from "../../src/service/log.ts";
import { Metrics } from "../../src/service/metrics.ts";
import { NetTransport, RpcClients } from "../../src/wire/index.ts";
import { TEST_CLUSTER, TEST_SECRET, testMind } from "./settings.ts";

const FROM_SOURCE: readonly string[] = [
  "--no-warnings",
  "-C",
  "@smallpond/source",
  "--import",
  createRequire(import.meta.url).resolve("tsx"),
];
const CHILD = fileURLToPath(new URL("supervised-main.ts", import.meta.url));
const SUPERVISOR = fileURLToPath(new URL("supervisor-main.ts", import.meta.url));
const PATIENCE = { timeout: 30_000, interval: 20 } as const;

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

function supervise(settings: Partial<SupervisorSettings> = {}, deps: Partial<SupervisorDeps> = {}) {
  const deaths: ChildDeath[] = [];
  const onDeath = async (death: ChildDeath): Promise<void> => void deaths.push(death);
  const supervisor = new Supervisor(
    { clock: new NodeClock(), log: silentLogger(), onDeath, ...deps },
    settings,
  );
  open.push(supervisor);
  const status = (name: string) => supervisor.children.find((each) => each.name === name)!;
  return { supervisor, deaths, status };
}

function child(name: string, how = "serve"): ChildCommand {
  return { name, command: process.execPath, args: [...FROM_SOURCE, CHILD, how] };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("a supervisor", () => {
  test("starts a child that was killed again, and tells at once which life has ended", async () => {
    const { supervisor, deaths, status } = supervise();
    const line = await supervisor.add(child("a"));
    const { pid } = status("a");
    expect(line).toBe(`serving ${pid}`);
    process.kill(pid!, "SIGKILL");
    await expect.poll(() => deaths, PATIENCE).toEqual([{ name: "a", line, code: null, signal: "SIGKILL" }]);
    await expect.poll(() => status("a").state, PATIENCE).toBe("serving");
    expect(status("a")).toMatchObject({ restarts: 1, line: `serving ${status("a").pid}` });
    expect(status("a").pid).not.toBe(pid);
  });

  test("goes on when a death cannot be reported", async () => {
    const onDeath = () => Promise.reject(new Error("nobody listens"));
    const { supervisor, status } = supervise({}, { onDeath });
    await supervisor.add(child("a"));
    process.kill(status("a").pid!, "SIGKILL");
    await expect.poll(() => status("a").restarts, PATIENCE).toBe(1);
    await expect.poll(() => status("a").state, PATIENCE).toBe("serving");
  });

  test("refuses a child that never served, and does not start it again", async () => {
    const { supervisor, deaths } = supervise();
    const failed = { code: "PROCESS_ENDED", details: { name: "a", code: 3 } };
    await expect(supervisor.add(child("a", "fail"))).rejects.toMatchObject(failed);
    const missing = { name: "b", command: "/nonexistent/program", args: [] };
    await expect(supervisor.add(missing)).rejects.toMatchObject({ code: "PROCESS_ENDED" });
    expect(supervisor.children).toEqual([]);
    expect(deaths).toEqual([]);
  });

  test("starts a child that keeps dying only so many times a minute", async () => {
    const { supervisor, deaths, status } = supervise({ backoffMsMin: 1, restartsPerMinuteMax: 2 });
    await supervisor.add(child("a", "brief"));
    await expect.poll(() => deaths.length, PATIENCE).toBe(3);
    await new NodeClock().sleep(1000);
    expect(deaths.length).toBe(3);
    expect(status("a")).toMatchObject({ state: "waiting", restarts: 2 });
  });

  test("stops its children, the last one first, and kills those that do not listen", async () => {
    const { supervisor, deaths } = supervise({ graceMs: 200 });
    for (const [name, how] of [
      ["a", "serve"],
      ["b", "deaf"],
      ["c", "serve"],
    ] as const) {
      await supervisor.add(child(name, how));
    }
    const pids = supervisor.children.map(({ pid }) => pid!);
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    const stopping = supervisor.stop();
    await expect.poll(() => isAlive(pids[2]!), PATIENCE).toBe(false);
    expect(isAlive(pids[0]!)).toBe(true);
    await stopping;
    expect(pids.map(isAlive)).toEqual([false, false, false]);
    expect(deaths).toEqual([]);
    await expect(supervisor.add(child("d"))).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("that is killed leaves no child behind", async () => {
    const args = [...FROM_SOURCE, SUPERVISOR, CHILD, ...FROM_SOURCE];
    const own = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const pids: number[] = [];
    for await (const line of createInterface({ input: own.stdout })) {
      pids.push(...(JSON.parse(line) as number[]));
      break;
    }
    expect(pids.map(isAlive)).toEqual([true, true]);
    own.kill("SIGKILL");
    await expect.poll(() => pids.map(isAlive), PATIENCE).toEqual([false, false]);
  });
});

test("a node whose process was killed is given up long before its lease runs out", async () => {
  const directory = await new NodeDisk().tempDirectory();
  open.push(directory);
  const cluster = { directory: directory.path, nodes: 2 };
  const settingsOf = (node: number) => {
    const settings = testMind(cluster, node);
    return { ...settings, mgmtd: { ...settings.mgmtd, nodeLeaseMs: 120_000 } };
  };
  const [clock, random, log] = [new NodeClock(), new NodeRandom(), silentLogger()];
  const secret = new Uint8Array(Buffer.from(TEST_SECRET, "hex"));
  const clients = new RpcClients({
    transport: new NetTransport({ net: openLeasedNet(), crc32c: newCrc32c(), probes: NO_PROBES }),
    ...{ clock, random, log, crypto: new NodeCrypto(), metrics: new Metrics(), probes: NO_PROBES },
    credentials: { kind: "member", clusterId: TEST_CLUSTER, secret },
  });
  open.push({ [Symbol.asyncDispose]: () => clients.close() });
  const { managers } = settingsOf(1);
  const client = new MgmtdClient({ clock, random, log, callers: clients }, { managers });
  // It comes back so late that what is seen is not its next life's doing.
  const backoff = { backoffMsMin: 60_000, backoffMsMax: 60_000 };
  const { supervisor, status } = supervise(backoff, { onDeath: reportDeathsTo(client) });
  for (const node of [1, 2])
    await supervisor.add(mindCommand(settingsOf(node), { nodeArguments: FROM_SOURCE }));
  const stop = new AbortController();
  const following = client.run({ signal: stop.signal });
  const stateOf = (): string | undefined => client.routing.nodes.get(nodeId(2))?.status;
  await expect.poll(stateOf, PATIENCE).toBe("alive");
  process.kill(status("mind 2").pid!, "SIGKILL");
  await expect.poll(stateOf, PATIENCE).toBe("failed");
  stop.abort(new Error("seen"));
  await following;
}, 60_000);
