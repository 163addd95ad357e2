/** One client of a few chunks: draws operations, holds every answer against the model, and tells it what it heard. */
import { isPondError, type Random } from "@smallpond/base";
import type {
  ChainVersion,
  ChunkKey,
  ChunkStore,
  RequestId,
  SessionId,
  UpdateOperation,
} from "@smallpond/fs-core";
import type { Crc32c } from "@smallpond/fs-native";
import { pick } from "../../nemeses/index.ts";
import { type ChunkModel, type ModelState, matching, NOTHING, type Version, wrong } from "./model.ts";

const CHAIN = 1 as ChainVersion;
const SESSION = "0".repeat(32) as SessionId;
const REQUEST = {
  session: SESSION,
  request: "1".repeat(32) as RequestId,
  result: ({ version }: { readonly version: number }) => Uint8Array.of(version % 256),
} as const;
const WHOLE = { offset: 0, length: 64 * 2 ** 20 } as const;

export interface ClientDeps {
  readonly store: ChunkStore;
  readonly random: Random;
  readonly crc: Crc32c;
  readonly alive: () => boolean;
  /** Bits may have turned over: damage is found, and mended as from another replica. */
  readonly mayRot: () => boolean;
  readonly count: () => void;
}

/** What the store says of a chunk. */
export async function look(store: ChunkStore, key: ChunkKey): Promise<ModelState> {
  const { committed, pending } = store.state(key) ?? {};
  const current = await readBytes(store, key);
  const latest = pending === undefined || pending.removes ? undefined : await latestBytes(store, key);
  return {
    committed: committed === undefined ? undefined : { version: committed.version, bytes: current },
    pending: pending === undefined ? undefined : { version: pending.version, bytes: latest },
    answered: store.answerTo(SESSION, channelOf(key))?.sequence ?? 0,
  };
}

/** Finds out what became of the chunk, after a start. */
export async function settle(deps: ClientDeps, model: ChunkModel): Promise<void> {
  try {
    const found = await look(deps.store, model.key);
    model.found(model.isAccepted ? found : matching(model, found));
  } catch (error) {
    if (!isDamage(error, deps)) throw error;
    await mend(deps, model);
  }
}

export async function act(deps: ClientDeps, model: ChunkModel): Promise<void> {
  const { committed, pending } = model.state;
  try {
    if (pending !== undefined) await (deps.random.next() < 0.85 ? commit(deps, model) : discard(deps, model));
    else if (committed !== undefined && deps.random.next() < 0.4) await check(deps, model);
    else if (deps.random.next() < 0.1) await replaceAll(deps, model);
    else await prepare(deps, model);
    if (deps.alive()) deps.count();
  } catch (error) {
    if (isDamage(error, deps)) await mend(deps, model);
    else if (isRefusal(error)) model.refused();
    else throw error;
  }
}

/** Anybody reads at any time, and sees what was current at some moment since. */
export async function glance({ store }: Pick<ClientDeps, "store">, model: ChunkModel): Promise<void> {
  const mark = model.readMark;
  model.assertMaySee(mark, await readBytes(store, model.key));
}

async function prepare(deps: ClientDeps, model: ChunkModel): Promise<void> {
  const { committed, answered } = model.state;
  const version = (committed?.version ?? 0) + 1;
  const operation = drawOperation(deps.random, committed?.bytes);
  const bytes = applied(operation, committed?.bytes);
  const dedupe =
    deps.random.next() < 0.5
      ? { ...REQUEST, channel: channelOf(model.key), sequence: answered + 1 }
      : undefined;
  model.begin({ committed, pending: { version, bytes }, answered: dedupe?.sequence ?? answered });
  const outcome = await deps.store.update(model.key, operation, {
    ...(deps.random.next() < 0.5 ? { version } : {}),
    isForwarded: deps.random.next() < 0.3,
    ...(dedupe === undefined ? {} : { dedupe }),
  });
  if (outcome.kind !== "prepared") throw wrong(model.key, `an update became ${outcome.kind}`);
  if (bytes !== undefined && deps.crc.of(bytes) !== outcome.crc) throw wrong(model.key, "its CRC is another");
  model.done();
}

async function commit(deps: ClientDeps, model: ChunkModel): Promise<void> {
  const { pending: prepared, answered } = model.state;
  const pending = prepared!;
  const committed = pending.bytes === undefined ? undefined : pending;
  model.begin({ committed, pending: undefined, answered });
  const outcome = await deps.store.commit(model.key, pending.version, { chainVersion: CHAIN });
  if (outcome.kind !== "committed") throw wrong(model.key, `a commit became ${outcome.kind}`);
  model.done();
}

async function discard(deps: ClientDeps, model: ChunkModel): Promise<void> {
  const { committed, pending, answered } = model.state;
  model.begin({ committed, pending: undefined, answered });
  if (!(await deps.store.discard(model.key, pending!.version))) throw wrong(model.key, "nothing was pending");
  model.done();
}

async function check(deps: ClientDeps, model: ChunkModel): Promise<void> {
  matching(model, await look(deps.store, model.key));
}

async function replaceAll(deps: ClientDeps, model: ChunkModel): Promise<void> {
  const { committed, answered } = model.state;
  const following = (committed?.version ?? 0) + 1;
  const version = deps.random.next() < 0.3 ? following : 1 + deps.random.int(20);
  const bytes = deps.random.bytes(deps.random.int(60_000));
  const isCommitted = deps.random.next() < 0.5;
  const next: Version = { version, bytes };
  const kept = version === following ? committed : undefined;
  const after = isCommitted ? { committed: next } : { committed: kept, pending: next };
  model.begin({ ...NOTHING, answered, ...after });
  const chainVersion = isCommitted ? CHAIN : undefined;
  await deps.store.replace(model.key, { version, bytes, crc: deps.crc.of(bytes), chainVersion });
  model.done();
}

/** Damage was found and told: another replica gives the chunk anew. Whatever is acknowledged from here on counts. */
async function mend(deps: ClientDeps, model: ChunkModel): Promise<void> {
  const bytes = deps.random.bytes(1000);
  const version = 100 + deps.random.int(100);
  const answered = deps.store.answerTo(SESSION, channelOf(model.key))?.sequence ?? 0;
  model.found({ ...model.possible.at(-1)!, answered });
  model.begin({ ...NOTHING, answered, committed: { version, bytes } });
  try {
    await deps.store.replace(model.key, { version, bytes, crc: deps.crc.of(bytes), chainVersion: CHAIN });
    model.done();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    model.refused();
  }
}

function drawOperation(random: Random, before: Uint8Array | undefined): UpdateOperation {
  const length = before?.length ?? 0;
  const kind = pick(random, [
    "small",
    "small",
    "append",
    "append",
    "large",
    "cut",
    "extend",
    "far",
    "remove",
  ]);
  if (kind === "remove" && before !== undefined) return { kind: "remove" };
  if (kind === "cut") return { kind: "truncate", length: random.int(length + 1) };
  if (kind === "extend") return { kind: "truncate", length: length + random.int(20_000) };
  if (kind === "append") {
    return {
      kind: "write",
      offset: length,
      bytes: random.bytes(1 + random.int(pick(random, [100, 30_000]))),
    };
  }
  if (kind === "far") {
    return { kind: "write", offset: length + random.int(9000), bytes: random.bytes(random.int(9000)) };
  }
  const most = kind === "large" ? 120_000 : pick(random, [50, 5000, 20_000]);
  return { kind: "write", offset: random.int(length + 1), bytes: random.bytes(1 + random.int(most)) };
}

/** What an operation makes of a chunk. */
function applied(operation: UpdateOperation, before: Uint8Array | undefined): Uint8Array | undefined {
  if (operation.kind === "remove") return undefined;
  const old = before ?? new Uint8Array(0);
  const isWrite = operation.kind === "write";
  const end = isWrite ? operation.offset + operation.bytes.length : operation.length;
  const isEmpty = isWrite && operation.bytes.length === 0;
  const length = isWrite ? (isEmpty ? old.length : Math.max(old.length, end)) : operation.length;
  const bytes = new Uint8Array(length);
  bytes.set(old.subarray(0, length));
  if (isWrite && !isEmpty) bytes.set(operation.bytes, operation.offset);
  return bytes;
}

/** Each chunk has a channel of its own. */
function channelOf({ inode, chunk }: ChunkKey): number {
  return Number(inode) * 1000 + chunk;
}

async function readBytes(store: ChunkStore, key: ChunkKey): Promise<Uint8Array | undefined> {
  const read = await store.read(key, WHOLE);
  if (read === undefined) return undefined;
  const bytes = read.view.slice();
  read.release();
  return bytes;
}

async function latestBytes(store: ChunkStore, key: ChunkKey): Promise<Uint8Array | undefined> {
  const read = await store.readLatest(key);
  if (read === undefined) return undefined;
  const bytes = read.view.slice();
  read.release();
  return bytes;
}

function isDamage(error: unknown, deps: ClientDeps): boolean {
  return isPondError(error, "CHUNK_CORRUPT") && deps.mayRot();
}

/** Nothing was done. */
function isRefusal(error: unknown): boolean {
  return isPondError(error, "STORE_FULL") || isPondError(error, "STORE_BUSY") || isFailedRead(error);
}

function isFailedRead(error: unknown): boolean {
  return isPondError(error, "EIO") && error.kind === "unavailable";
}
