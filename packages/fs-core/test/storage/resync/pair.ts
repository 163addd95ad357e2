/** A tail and the replica behind it that is brought up to date, over two stores in memory, with a network that may fail. */
import { type Clock, NO_PROBES, PondError, type Random, SeededRandom } from "@smallpond/base";
import { MemoryDisk } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import type { ChainId, ChainVersion, TargetId } from "../../../src/ids.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { HeapBuffers } from "../../../src/storage/blocks/page-buffers.ts";
import type { ReplicaView } from "../../../src/storage/chain/chain-deps.ts";
import type { Role } from "../../../src/storage/chain/role.ts";
import { NamedTurns } from "../../../src/storage/chain/turns.ts";
import { ChunkStore } from "../../../src/storage/chunk-store.ts";
import { type ChunkKey, keyText } from "../../../src/storage/model/chunk.ts";
import type { ChainNote } from "../../../src/storage/protocol/forward.ts";
import { formatTarget } from "../../../src/storage/target/format-target.ts";
import { decode, encode } from "../../../src/wire/codec/index.ts";
import type { CallOptions, Method } from "../../../src/wire/rpc/method.ts";

export const CHAIN = 3 as ChainId;
export const VERSION = 5 as ChainVersion;
const SMALL = {
  segmentBytes: 512 * 1024,
  batchBytesMax: 128 * 1024,
  growBytes: 256 * 1024,
  blockFileBytes: 1024 * 1024,
  reserveBytes: 0,
  stepBytes: 64 * 1024,
} as const;

export async function newStore(clock: Clock, target: number) {
  const disk = new MemoryDisk();
  const place = { directory: "/t", cluster: "c", target };
  const random = new SeededRandom(target);
  await formatTarget({ disk, crc, random }, { ...place, segmentBytes: SMALL.segmentBytes });
  const buffers = new HeapBuffers();
  const deps = { disk, crc, buffers, clock, probes: NO_PROBES, log: silentLogger() };
  const open = () => ChunkStore.open(deps, SMALL, { ...place, bootId: "b" });
  return { disk, buffers, open, store: await open() };
}

/** What the other end does with a question. */
export type Answering = <Q>(
  method: Method<Q, never>,
  question: Q,
  call: CallOptions & { readonly target: TargetId },
) => Promise<unknown>;

export interface Faults {
  readonly random: Random;
  /** Of a message, or its answer, to be lost. */
  readonly loss: number;
}

export interface ViewDeps {
  readonly store: ChunkStore;
  /** Of the successor. */
  readonly other: ChunkStore | undefined;
  readonly clock: Clock;
  readonly target: number;
  readonly role: Role;
  readonly answer: Answering;
  readonly faults?: Faults;
}

export interface TestView extends ReplicaView {
  /** Changes with the chain. */
  version: ChainVersion;
  readonly sent: ChunkKey[];
  readonly asked: string[];
  /** A network message there and back. */
  message<T>(work: () => Promise<T>): Promise<T>;
}

export function newView(deps: ViewDeps): TestView {
  const { store, other, clock, faults } = deps;
  const turns = new NamedTurns({ waitersMax: 1000 });
  const message = async <T>(work: () => Promise<T>): Promise<T> => {
    if (faults === undefined) return await work();
    const { random, loss } = faults;
    await clock.sleep(random.int(15));
    if (random.next() < loss) throw noAnswer();
    const result = await work();
    await clock.sleep(random.int(15));
    if (random.next() < loss) throw noAnswer();
    return result;
  };
  const view: TestView = {
    version: VERSION,
    sent: [],
    asked: [],
    message,
    store,
    target: deps.target as TargetId,
    chain: CHAIN,
    get chainVersion() {
      return view.version;
    },
    role: deps.role,
    takesPart: () => true,
    at: () => ({ chain: CHAIN, chainVersion: view.version }),
    withChunk: async (key, work, options = {}) => {
      using _turn = await turns.take(keyText(key), options);
      return await work();
    },
    sendWhole: async (key, { hasTurn, ...options }) => {
      const send = async () => {
        const committed = store.state(key)?.committed;
        if (committed === undefined) return false;
        const read = (await store.read(key, { offset: 0, length: committed.length }))!;
        view.sent.push(key);
        try {
          const { version, chainVersion } = committed;
          await message(() =>
            other!.replace(key, { version, chainVersion, bytes: read.view, crc: read.crc }),
          );
        } finally {
          read.release();
        }
        return true;
      };
      return hasTurn === true ? await send() : await view.withChunk(key, send, options);
    },
    sendNote: (note: ChainNote) =>
      message(async () => {
        if (note.kind === "remove") await other!.removeChunks(note.file, note.chunks);
        if (note.kind === "truncated") await other!.noteTruncated(note);
        if (note.kind === "revoked") await other!.revoke(note);
      }),
    ask: async (target, method, question, options = {}) => {
      view.asked.push(method.name);
      return await message(async () => {
        const carried = decode(method.question, encode(method.question, question));
        const answer = await deps.answer(method as never, carried, { ...options, target });
        return decode(method.answer, encode(method.answer, answer as never));
      });
    },
  };
  return view;
}

function noAnswer(): PondError {
  return new PondError("NO_ANSWER", { kind: "unknown-outcome", message: "nobody answered" });
}
