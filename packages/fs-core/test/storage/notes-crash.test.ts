/** Dies at every call to the disk of a run that notes and forgets: what was told is there afterwards, and nothing is mixed. */
import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryDisk } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import type { ChainVersion, RequestId, SessionId } from "../../src/ids.ts";
import { silentLogger } from "../../src/service/log.ts";
import { HeapBuffers } from "../../src/storage/blocks/page-buffers.ts";
import { ChunkStore } from "../../src/storage/chunk-store.ts";
import { formatTarget } from "../../src/storage/target/format-target.ts";
import { keyOf, patterned } from "./helpers.ts";

const CHAIN = 1 as ChainVersion;
const PLACE = { directory: "/t", cluster: "c", target: 1, bootId: "b" } as const;
const SETTINGS = {
  segmentBytes: 256 * 1024,
  batchBytesMax: 100 * 1024,
  growBytes: 64 * 1024,
  blockFileBytes: 256 * 1024,
  reserveBytes: 0,
  checkpointStepBytes: 16_384,
  stepBytes: 16_384,
} as const;
const FILE = { inode: keyOf(0).inode, dataVersion: 1 };
const [A, B] = ["a", "b"].map((digit) => digit.repeat(32) as SessionId) as [SessionId, SessionId];
const request = "c".repeat(32) as RequestId;

type Step = (store: ChunkStore) => Promise<unknown>;
interface Notes {
  readonly answers: readonly string[];
  readonly revoked: readonly string[];
  readonly truncated: number | undefined;
}

const write = (store: ChunkStore, session: SessionId, sequence: number) =>
  store.update(
    keyOf(0),
    { kind: "write", offset: 0, bytes: patterned(100, sequence) },
    { dedupe: { session, channel: 0, sequence, request, result: () => Uint8Array.of(sequence) } },
  );

/** Each step, with what is remembered after it. */
const steps: readonly (readonly [Step, Notes])[] = [
  [(store) => write(store, A, 1), { answers: ["a1"], revoked: [], truncated: undefined }],
  [
    (store) => store.commit(keyOf(0), 1, { chainVersion: CHAIN }),
    { answers: ["a1"], revoked: [], truncated: undefined },
  ],
  [(store) => write(store, B, 2), { answers: ["a1", "b2"], revoked: [], truncated: undefined }],
  [
    (store) => store.noteTruncated({ file: FILE, truncateVersion: 5 }),
    { answers: ["a1", "b2"], revoked: [], truncated: 5 },
  ],
  [(store) => store.checkpoint(), { answers: ["a1", "b2"], revoked: [], truncated: 5 }],
  [
    (store) => store.revoke({ sessions: [A], untilMs: 9 }),
    { answers: ["b2"], revoked: ["a9"], truncated: 5 },
  ],
  [(store) => store.checkpoint(), { answers: ["b2"], revoked: ["a9"], truncated: 5 }],
  [(store) => store.resetNotes(), { answers: [], revoked: [], truncated: undefined }],
  [
    (store) => store.noteTruncated({ file: FILE, truncateVersion: 6 }),
    { answers: [], revoked: [], truncated: 6 },
  ],
  [(store) => store.checkpoint(), { answers: [], revoked: [], truncated: 6 }],
  [(store) => store.revoke({ sessions: [B], untilMs: 8 }), { answers: [], revoked: ["b8"], truncated: 6 }],
  [
    (store) => store.removeRange(FILE, { from: 0, to: 10, limit: 10 }),
    { answers: [], revoked: ["b8"], truncated: undefined },
  ],
];
const NOTHING: Notes = { answers: [], revoked: [], truncated: undefined };

async function formatted() {
  const disk = new MemoryDisk();
  const { directory, cluster, target } = PLACE;
  const place = { directory, cluster, target, segmentBytes: SETTINGS.segmentBytes };
  await formatTarget({ disk, crc, random: new SeededRandom(1) }, place);
  return disk;
}

function open(disk: MemoryDisk) {
  const deps = { disk, crc, buffers: new HeapBuffers(), clock: new ManualClock(), probes: NO_PROBES };
  return ChunkStore.open({ ...deps, log: silentLogger() }, SETTINGS, PLACE);
}

/** How many steps were told. */
async function run(disk: MemoryDisk): Promise<number> {
  let done = 0;
  try {
    const store = await open(disk);
    try {
      for (const [step, after] of steps) {
        await step(store);
        done += 1;
        expect(notesOf(store)).toEqual(after);
      }
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name === "AssertionError") throw error;
  }
  return done;
}

function notesOf(store: ChunkStore): Notes {
  return {
    answers: store.answers().map(({ session, sequence }) => `${session[0]}${sequence}`),
    revoked: store.revocations().map(({ session, untilMs }) => `${session[0]}${untilMs}`),
    truncated: store.truncatedUpTo(FILE),
  };
}

test("a disk that dies at any call takes no note that was told", async () => {
  const counting = await formatted();
  let calls = 0;
  counting.setFault(() => {
    calls += 1;
    return undefined;
  });
  expect(await run(counting)).toBe(steps.length);
  for (let fatal = 1; fatal <= calls; fatal++) {
    const disk = await formatted();
    let call = 0;
    disk.setFault(() => (++call >= fatal ? "EIO" : undefined));
    const done = await run(disk);
    disk.setFault(() => undefined);
    const before = done === 0 ? NOTHING : steps[done - 1]![1];
    const possible = [before, steps[Math.min(done, steps.length - 1)]![1]];
    for (let start = 0; start < 2; start++) {
      const store = await open(disk);
      expect(possible, `call ${fatal} of ${calls}, start ${start}`).toContainEqual(notesOf(store));
      await store.close();
    }
  }
});
