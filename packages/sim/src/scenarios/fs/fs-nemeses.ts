/** Everything that breaks in a whole file system. */
import { nodeId } from "@smallpond/fs-core";
import { rpcFrameBytes } from "@smallpond/fs-core/testing";
import {
  badClocks,
  badLinks,
  badMessages,
  bitRot,
  crashesAtCalls,
  diskErrors,
  fullDisks,
  kills,
  type NemesisTiming,
  partitions,
  pauses,
  pick,
  powerCuts,
  slowDisks,
  storeFaults,
  strikeOften,
} from "../../nemeses/index.ts";
import type { Nemesis } from "../../scenario/scenario.ts";
import { isReplicated } from "./fs-knobs.ts";
import { FIRST_STORAGE_NODE, STORE, type Stage } from "./stage.ts";

export function fsNemeses(stage: Stage): readonly Nemesis[] {
  const { knobs, minds, stores, clients, shared } = stage;
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  const servers = [...minds, ...stores];
  const everywhere = [STORE, ...servers, ...clients, "op"];
  return [
    named("rot", rot(stage, timing)),
    partitions(everywhere, timing),
    partitions(stores, timing, "storage partitions"),
    partitions(minds, timing, "mind partitions"),
    badLinks(everywhere, timing),
    slowWays("slow ways between storage nodes", [stores, stores], { timing, delayMsMax: 300 }),
    slowWays("slow ways to storage", [clients, stores], { timing, delayMsMax: 2000 }),
    badMessages(rpcFrameBytes, timing),
    named("storage kills", kills(stores, timing)),
    named("mind kills", kills(minds, timing)),
    named("client kills", kills(clients, timing)),
    named("storage crashes at calls", crashesAtCalls(stores, timing)),
    named("mind crashes at calls", crashesAtCalls(minds, timing)),
    named("storage pauses", pauses(stores, timing)),
    named("mind pauses", pauses(minds, timing)),
    longPauses(stage),
    named(
      "storage power cuts",
      isReplicated(knobs) ? lonePowerCuts(stage, timing) : powerCuts(stores, timing),
    ),
    named("mind power cuts", powerCuts(minds, timing)),
    // Capabilities are believed by the time of day, give or take a minute.
    badClocks(servers, timing, { jumpsMs: [100, 5000] }),
    storeFaults(shared, timing),
    diskErrors(stores, timing),
    slowDisks(stores, timing),
    fullDisks(stores, timing),
  ];
}

function named(name: string, nemesis: Nemesis): Nemesis {
  return { name, run: (arena) => nemesis.run(arena) };
}

/**
 * Where an update counts before it is durable, what is lost with power is lost: another replica of each chain has to have
 * it, or it is as with two failures at once.
 */
function lonePowerCuts(stage: Stage, timing: NemesisTiming): Nemesis {
  return {
    name: "lone power cuts",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const machine = pick(arena.random, stage.stores);
        // Also of a process that is down, or that could not open them: power takes what their disks have not kept.
        if (!canSpare(stage, machine)) return undefined;
        arena.world.machine(machine).powerOff();
        return () => arena.world.machine(machine).powerOn();
      }),
  };
}

/** Whether others serve the chains of all targets of a machine. */
function canSpare({ stores, oracle, targets }: Stage, machine: string): boolean {
  const node = nodeId(FIRST_STORAGE_NODE + stores.indexOf(machine));
  return oracle.canSpare(targets.flatMap((target) => (target.node === node ? [target.id] : [])));
}

/**
 * One direction between two machines, so slow that others see what was done before whoever asked for it is answered, or what
 * was given up arrives when its client has gone on.
 */
function slowWays(
  name: string,
  [some, others]: readonly [readonly string[], readonly string[]],
  { timing, delayMsMax }: { readonly timing: NemesisTiming; readonly delayMsMax: number },
): Nemesis {
  return {
    name,
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const { random, world } = arena;
        const [one, other] = [pick(random, some), pick(random, others)];
        if (one === other) return undefined;
        const route = random.next() < 0.5 ? { from: one, to: other } : { from: other, to: one };
        const good = world.fabric.link(route);
        world.fabric.setLink(route, { delayMs: delayMsMax * random.next() ** 2 });
        return () => world.fabric.setLink(route, good);
      }),
  };
}

/** Clients that are held still for longer than anybody waits for them, and then go on with what they were about. */
function longPauses({ clients, knobs, watch }: Stage): Nemesis {
  return {
    name: "long pauses of clients",
    run: (arena) =>
      strikeOften(arena, { quietMs: knobs.quietMs, strikeMs: knobs.sleepMs }, () => {
        const name = pick(arena.random, clients);
        const [process] = arena.world.machine(name).processes;
        process?.pause();
        watch.paused(name);
        return () => {
          process?.resume();
          watch.resumed(name);
        };
      }),
  };
}

/** On one machine alone: where there is a second replica of a chunk, that one stays good. */
function rot(stage: Stage, timing: NemesisTiming): Nemesis {
  return {
    name: "bit rot",
    run: async (arena) => {
      const { replicas, nodes } = stage.knobs;
      if (Math.min(replicas, nodes) < 2) return;
      stage.done.rots = true;
      await bitRot([pick(arena.random, stage.stores)], timing, {
        mayRot: ({ name }) => canSpare(stage, name),
        isReadAtStart: (path) => !path.includes("/blocks/"),
      }).run(arena);
    },
  };
}
