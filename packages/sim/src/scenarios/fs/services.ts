/** Who runs in the world of the whole file system. */
import { formatAddress } from "@smallpond/base";
import { chunksOfChains, connectWith, type FileSystem, Metrics, type MindNode } from "@smallpond/fs-core";
import { NodeCrypto } from "@smallpond/fs-core/platform";
import { JAVASCRIPT_CRC32C } from "@smallpond/fs-native";
import type { Phase } from "../../scenario/scenario.ts";
import type { Seams } from "../../world/process.ts";
import { operatorProgram } from "../mgmtd/operator-program.ts";
import { NO_BUG } from "../mind/bugs.ts";
import { addressOf, clusterSecret, memberCredentials } from "../mind/cluster.ts";
import { mindSettings } from "../mind/mind-knobs.ts";
import { mindProgram, newPool } from "../mind/mind-program.ts";
import { clientProgram } from "./client/client-program.ts";
import { CHUNK_BYTES, fsMetaSettings, fsRpcSettings } from "./fs-knobs.ts";
import { FIRST_STORAGE_NODE, type Stage } from "./stage.ts";
import { storageProgram } from "./storage-program.ts";
import { traceLog } from "./trace-log.ts";
import { transportOf } from "./transport.ts";

export function startServices(stage: Stage, phase: Phase): void {
  const { world, knobs, minds, stores, shared, targets, chains, done } = stage;
  const settings = { ...mindSettings(knobs), meta: fsMetaSettings(knobs) };
  const bug = {
    ...NO_BUG,
    mind: (mind: MindNode) => void stage.agents.set(formatAddress(mind.address), mind.agent),
  };
  for (const [index, machine] of minds.entries()) {
    const program = mindProgram({
      ...{ id: index + 1, machine, minds, shared, settings, bug },
      log: traceLog,
      chunks: ({ clock, random }) => {
        const deps = {
          clock,
          random: random.fork("storage"),
          crypto: new NodeCrypto(),
          crc32c: JAVASCRIPT_CRC32C,
        };
        const more = { pool: newPool(), metrics: new Metrics(), secret: clusterSecret() };
        return (mind) => chunksOfChains({ ...deps, ...more, ...mind });
      },
    });
    world.machine(machine).run("mind", program);
  }
  for (const [index, machine] of stores.entries()) {
    world.machine(machine).run("storage", storageProgram(stage, { machine, id: FIRST_STORAGE_NODE + index }));
  }
  const operator = operatorProgram({ minds, targets, chains, phase, whimMs: knobs.whimMs, done });
  world.machine("op").run("operator", operator);
}

export function startClients(stage: Stage, phase: Phase): void {
  const { world, knobs, clients, history, names, watch, done } = stage;
  for (const name of clients) {
    const program = clientProgram({
      ...{ name, phase, history, names, watch },
      sizes: { chunkBytes: CHUNK_BYTES, chunksMax: knobs.chunksMax },
      ...{ thinkMs: knobs.thinkMs, hot: knobs.hot },
      connect: connectOf(stage),
      fail: (error) => world.fail(error),
      isReady: () =>
        done.setUp &&
        [...stage.agents.values()].every(({ routing }) => routing.version === 0n || routing.tables.size > 0),
      mayRot: () => done.rots,
    });
    world.machine(name).run("client", (seams) => {
      watch.restarted(name);
      return program(seams);
    });
  }
}

/** The file system as any client gets it, from simulated seams. */
export function connectOf({
  knobs,
  minds,
  bug,
  near,
}: Pick<Stage, "knobs" | "minds" | "bug"> & Partial<Pick<Stage, "near">>): (
  seams: Seams,
  name: string,
) => Promise<FileSystem> {
  const url = `3fs://${minds.map((mind) => formatAddress(addressOf(mind))).join(",")}`;
  // A process that connects again is another client.
  const connections = new WeakMap<Seams, number>();
  return (seams, name) => {
    const { clock, random, probes, lifetime } = seams;
    const before = connections.get(seams) ?? 0;
    connections.set(seams, before + 1);
    const pool = newPool();
    return connectWith(
      {
        transport: transportOf(seams, near, pool),
        ...{
          clock,
          probes,
          random: random.fork(before === 0 ? "file system" : `file system ${before}`),
          crypto: new NodeCrypto(),
        },
        ...{
          crc32c: JAVASCRIPT_CRC32C,
          pool,
          log: traceLog({ clock, lifetime }),
          metrics: new Metrics(),
        },
        ...bug?.client,
      },
      {
        url,
        about: name,
        credentials: memberCredentials(),
        as: { uid: 0, gid: 0, groups: [] },
        // Whoever reads asks first how long a file is: what is believed for a while is no older than that while.
        files: { freshMs: 0, gatherBytes: CHUNK_BYTES, dirtyMs: 200, reportMs: 1000, tickMs: 100 },
        chunks: {
          timeoutMs: Math.min(knobs.operationMs, knobs.giveUpMs),
          questionMs: knobs.attemptMs,
          pauseMsMin: knobs.retryMs,
        },
        meta: { timeoutMs: knobs.operationMs, attemptMs: knobs.attemptMs },
        rpc: fsRpcSettings(knobs),
      },
    );
  };
}
