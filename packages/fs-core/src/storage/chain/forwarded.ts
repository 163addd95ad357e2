/** An update that the predecessor passes on. */
import { type ChunkKey, keyText } from "../model/chunk.ts";
import type { ChunkAfter, TrafficClass } from "../protocol/common.ts";
import type { ForwardItem, ForwardOutcome } from "../protocol/forward.ts";
import { checkNow, enter } from "./enter.ts";
import { expectSame, passOn } from "./pass-on.ts";
import { recordedAnswer } from "./recorded-answer.ts";
import { refuse, refusedBy } from "./refusals.ts";
import type { Replica } from "./replica.ts";
import { commit, expectCommitted, settle } from "./settle.ts";

export async function forwarded(
  replica: Replica,
  item: ForwardItem,
  request: { readonly bytes: Uint8Array; readonly trafficClass: TrafficClass },
): Promise<ForwardOutcome> {
  await enter(replica, item, "successor");
  const { heard } = replica;
  if (replica.deps.bug !== "no-link-check") {
    heard.hear(item.link);
    if (heard.isOld(item.link)) throw refuse("STALE_REQUEST", "a copy of a message that was answered");
  }
  const work = async (): Promise<ForwardOutcome> => {
    try {
      return { kind: "committed", ...(await take(replica, item, request)) };
    } catch (error) {
      const refused = refusedBy(error);
      if (refused.code === "STORE_FULL") replica.overflow();
      return refused;
    }
  };
  const outcome = await heard.once(item.link, work);
  if (outcome.kind === "done") throw refuse("BAD_REQUEST", "a note has this number");
  return outcome;
}

async function take(
  replica: Replica,
  item: ForwardItem,
  request: { readonly bytes: Uint8Array; readonly trafficClass: TrafficClass },
): Promise<ChunkAfter> {
  return await replica.inFlight.run(item.dedupe?.session, async () => {
    using version = replica.watchVersion();
    using _turn = await replica.turns.take(keyText(item.key), version);
    checkNow(replica, item, "successor");
    if (replica.role.kind === "syncing") return await replaced(replica, item, request);
    return await updated(replica, item, request);
  });
}

/** Long enough for the chain to have another version meanwhile. */
const SLOW_MS = 400;

/** It is not read here, and all before it have prepared it: it is committed at once. */
async function replaced(
  replica: Replica,
  item: ForwardItem,
  { bytes, trafficClass }: { readonly bytes: Uint8Array; readonly trafficClass: TrafficClass },
): Promise<ChunkAfter> {
  const { action, key, version, dedupe, chainVersion } = item;
  if (action.kind !== "replace") throw refuse("BAD_REQUEST", "a replica that syncs takes whole chunks");
  await replica.deps.sink.begin(replica, chainVersion);
  checkNow(replica, item, "syncing");
  const { crc, length } = action;
  const committedAt = (action.committedAt ?? chainVersion) as typeof chainVersion;
  const result = recordedAnswer({ version, length, crc });
  const remembered = dedupe && { ...dedupe, result };
  const request = { version, bytes, crc, chainVersion: committedAt, dedupe: remembered };
  const { clock, probes, shares } = replica.deps;
  const work = async (): Promise<ChunkAfter> => {
    checkNow(replica, item, "syncing");
    if (probes.buggify("chain: a whole chunk is taken slowly", 0.05)) await clock.sleep(SLOW_MS);
    return await replica.store.replace(key, request);
  };
  const taken = replica.arriving.run(undefined, () => shares.run(trafficClass, bytes.length, work));
  const { length: here, crc: sum } = await taken;
  return { version, length: here, crc: sum };
}

async function updated(
  replica: Replica,
  item: ForwardItem,
  request: { readonly bytes: Uint8Array; readonly trafficClass: TrafficClass },
): Promise<ChunkAfter> {
  const { store } = replica.deps;
  const { key, version } = item;
  const state = store.state(key);
  const { committed, pending } = state ?? {};
  if (committed !== undefined && committed.version >= version) {
    return { version: committed.version, length: committed.length, crc: committed.crc };
  }
  if (pending?.version === version) return await carriedOn(replica, key, pending);
  if (pending !== undefined || version !== (committed?.version ?? 0) + 1) {
    const said = `version ${version} follows ${committed?.version ?? 0}, ${pending?.version ?? "nothing"} is pending`;
    throw refuse("UNKNOWN_OUTCOME", said);
  }
  const prepare = (): Promise<ChunkAfter> => {
    // It may have waited for its share of the node, and be nothing that this replica is asked for any more.
    checkNow(replica, item, "successor");
    return prepared(replica, item, request.bytes);
  };
  const after = await replica.deps.shares.run(request.trafficClass, request.bytes.length, prepare);
  const { role } = replica;
  const at = replica.at();
  const successor = role.kind === "serving" ? role.successor : undefined;
  if (successor === undefined && role.kind === "serving") {
    await commit(replica, key, version);
    return after;
  }
  if (successor === undefined || successor.syncs) return await carriedOn(replica, key, after);
  try {
    const { action, dedupe } = item;
    const passing = {
      at,
      key,
      version,
      action,
      bytes: request.bytes,
      dedupe,
      trafficClass: request.trafficClass,
    };
    using watch = replica.watchVersion();
    const there = await passOn(replica, successor, passing, watch);
    expectSame(replica, key, after, there);
    await commit(replica, key, version);
  } catch {
    return await carriedOn(replica, key, after);
  }
  return after;
}

async function carriedOn(
  replica: Replica,
  key: ChunkKey,
  { version, length, crc }: ChunkAfter,
): Promise<ChunkAfter> {
  await settle(replica, key);
  expectCommitted(replica, key, { version, length, crc });
  return { version, length, crc };
}

async function prepared(replica: Replica, item: ForwardItem, bytes: Uint8Array): Promise<ChunkAfter> {
  const { store } = replica.deps;
  const { action, key, version, dedupe } = item;
  if (action.kind === "replace") {
    const { length, crc } = action;
    const remembered = dedupe && { ...dedupe, result: recordedAnswer({ version, length, crc }) };
    const request = { version, bytes, crc, chainVersion: undefined, dedupe: remembered };
    return { ...(await store.replace(key, request)), version };
  }
  const operation =
    action.kind === "write"
      ? ({ kind: "write", offset: action.offset, bytes, crc: action.crc } as const)
      : ({ kind: "truncate", length: action.length } as const);
  const remembered = dedupe && { ...dedupe, result: recordedAnswer };
  const outcome = await store.update(key, operation, {
    version,
    isForwarded: true,
    ...(remembered === undefined ? {} : { dedupe: remembered }),
  });
  if (outcome.kind === "busy" || outcome.kind === "missing") {
    throw refuse("UNKNOWN_OUTCOME", `an update found its chunk ${outcome.kind}`);
  }
  return { version, length: outcome.length, crc: outcome.crc };
}
