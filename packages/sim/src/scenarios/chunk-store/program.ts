/** The process: opens the store, finds out what became of what was under way, and works until the store fails or it is told to end. */
import { isPondError, Tasks } from "@smallpond/base";
import {
  type ChunkKey,
  ChunkStore,
  formatTarget,
  type StoreBug,
  type StoreSettings,
  silentLogger,
} from "@smallpond/fs-core";
import { HeapBuffers } from "@smallpond/fs-core/testing";
import { JAVASCRIPT_CRC32C } from "@smallpond/fs-native";
import type { Phase } from "../../scenario/scenario.ts";
import type { Program, Seams } from "../../world/process.ts";
import type { SimWorld } from "../../world/world.ts";
import { act, type ClientDeps, glance, settle } from "./client.ts";
import { type ChunkModel, NOTHING } from "./model.ts";

const DIRECTORY = "/target";
const PLACE = { directory: DIRECTORY, cluster: "sim", target: 1 } as const;

export interface StoreWorld {
  readonly world: SimWorld;
  /** The chunks of each client. */
  readonly clients: readonly (readonly ChunkModel[])[];
  readonly settings: Partial<StoreSettings> & Pick<StoreSettings, "segmentBytes">;
  readonly thinkMs: number;
  readonly bug: StoreBug | undefined;
  readonly mayRot: () => boolean;
  readonly count: () => void;
}

export function storeProgram(stage: StoreWorld, phase: Phase): Program {
  return async (seams) => {
    const store = await openTarget(stage, seams);
    if (store === undefined) return;
    try {
      await work(stage, seams, { store, phase });
    } catch (error) {
      if (!isDiskFailure(error)) {
        // Whatever else it is, it is what this scenario looks for.
        if (seams.alive()) stage.world.fail(error);
        throw error;
      }
    } finally {
      await store.close();
    }
  };
}

/** Undefined when the disk would not let it. */
async function openTarget(stage: StoreWorld, seams: Seams): Promise<ChunkStore | undefined> {
  const { clock, disk, random, probes } = seams;
  const crc = JAVASCRIPT_CRC32C;
  const deps = { clock, disk, crc, probes, buffers: new HeapBuffers(), log: silentLogger() };
  try {
    if (!(await disk.exists(`${DIRECTORY}/superblock`))) {
      await formatTarget({ disk, random, crc }, { ...PLACE, segmentBytes: stage.settings.segmentBytes });
      await disk.syncDirectory("/");
      for (const model of stage.clients.flat()) assertUntouched(stage, model);
    }
    const bootId = `boot ${stage.world.machine(seams.machine).boot}`;
    const where = { ...PLACE, bootId, ...(stage.bug === undefined ? {} : { bug: stage.bug }) };
    const store = await ChunkStore.open(deps, stage.settings, where);
    if (!store.opened.isComplete || (store.opened.isTailTorn && stage.mayRot())) {
      // The store says that it may miss something: another replica would tell what.
      for (const model of stage.clients.flat()) model.accept();
    }
    return store;
  } catch (error) {
    if (isPondError(error, "STORE_CORRUPT") && stage.mayRot()) {
      probes.mark("chunk store: damage refused");
      // Before it goes: whoever is killed meanwhile cannot say so any more.
      for (const model of stage.clients.flat()) model.found(NOTHING);
      await disk.removeTree(DIRECTORY);
      await disk.syncDirectory("/");
      return undefined;
    }
    if (isDiskFailure(error)) return undefined;
    if (seams.alive()) stage.world.fail(error);
    throw error;
  }
}

/** A target that is not there any more held nothing that was acknowledged. */
function assertUntouched(stage: StoreWorld, model: ChunkModel): void {
  if (model.possible.includes(NOTHING)) model.found(NOTHING);
  else stage.world.fail(new Error(`the target went, and chunk ${model.key.chunk} with it`));
}

async function work(
  stage: StoreWorld,
  seams: Seams,
  { store, phase }: { readonly store: ChunkStore; readonly phase: Phase },
): Promise<void> {
  const { clock, stop, alive } = seams;
  let mayMiss = !store.opened.isComplete;
  const mayRot = (): boolean => stage.mayRot() || mayMiss;
  const deps = { store, random: seams.random, crc: JAVASCRIPT_CRC32C, alive, mayRot, count: stage.count };
  for (const model of stage.clients.flat()) await settle(deps, model);
  if (mayMiss) {
    mayMiss = false;
    await store.markComplete();
    seams.probes.mark("chunk store: filled again after a power cut");
  }
  const tasks = new Tasks();
  let hasFailed = false;
  const goesOn = (): boolean => !stop.aborted && store.failure === undefined && !hasFailed;
  tasks.failure.catch(() => {
    hasFailed = true;
  });
  for (const [index, models] of stage.clients.entries()) {
    const random = seams.random.fork(`client ${index}`);
    tasks.spawn(async () => {
      while (goesOn() && !phase.over) {
        await clock.sleep(2 * stage.thinkMs * random.next());
        await act({ ...deps, random }, models[random.int(models.length)]!);
      }
    });
  }
  tasks.spawn(() => keepHouse(stage, seams, { deps, goesOn }));
  await Promise.race([tasks.failure, tasks.idle()]).finally(() => tasks.idle());
}

/** Checkpoints, compaction, scrubs, and reads of anybody's chunks, at any time. */
async function keepHouse(
  stage: StoreWorld,
  { clock, random: root }: Seams,
  { deps, goesOn }: { readonly deps: ClientDeps; readonly goesOn: () => boolean },
): Promise<void> {
  const random = root.fork("house");
  const models = stage.clients.flat();
  const { store } = deps;
  while (goesOn()) {
    await clock.sleep(4 * stage.thinkMs * random.next());
    const draw = random.next();
    try {
      if (draw < 0.06) await store.checkpoint();
      else if (draw < 0.1) await store.compact({ bytes: 2 ** 20 });
      else if (draw < 0.16) await scrubAll(stage, store);
      else if (draw < 0.2) await store.flush();
      else if (draw < 0.24) await store.punch({ bytes: 2 ** 18 });
      else
        await Promise.all(Array.from({ length: 3 }, () => glance(deps, models[random.int(models.length)]!)));
    } catch (error) {
      const isRefused = isPondError(error, "STORE_FULL") || isPondError(error, "STORE_BUSY");
      const isRead = isPondError(error, "EIO") && error.kind === "unavailable";
      const isDamage = isPondError(error, "CHUNK_CORRUPT") && stage.mayRot();
      if (!isRefused && !isRead && !isDamage) throw error;
    }
  }
}

async function scrubAll(stage: StoreWorld, store: ChunkStore): Promise<void> {
  let from: ChunkKey | undefined;
  do {
    const page = await store.scrub(from, 5);
    const damaged = page.damaged.filter(({ page: at }) => at >= 0);
    if (damaged.length > 0 && !stage.mayRot()) {
      throw new Error(`the scrub found chunk ${damaged[0]!.key.chunk} damaged at page ${damaged[0]!.page}`);
    }
    from = page.next;
  } while (from !== undefined);
}

function isDiskFailure(error: unknown): boolean {
  return (
    isPondError(error, "STORE_FAILED") ||
    isPondError(error, "STORE_FULL") ||
    isPondError(error, "EIO") ||
    isPondError(error, "ENOSPC")
  );
}
