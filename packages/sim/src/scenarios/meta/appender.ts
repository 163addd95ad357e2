/** A client that appends to files that others append to as well, and looks at how long they are and what is in them. */
import { isPondError, type PondError, type Random, Tasks } from "@smallpond/base";
import {
  type FileInode,
  type InodeId,
  META,
  newRandomId,
  type RequestId,
  type SessionId,
} from "@smallpond/fs-core";
import type { MemoryChunkState, MemoryChunks } from "@smallpond/fs-core/testing";
import { pick } from "../../nemeses/index.ts";
import type { Program, Seams } from "../../world/process.ts";
import { aborted } from "../mind/aborted.ts";
import type { AppendsLog } from "./appends-log.ts";
import { chunksOf } from "./chunks.ts";
import { type Connection, connect } from "./connection.ts";
import { askOne, type ClientOptions, untilReady } from "./namespace-client.ts";
import { errnoOf } from "./translate.ts";

export interface AppenderOptions extends ClientOptions {
  readonly appends: AppendsLog;
  readonly files: readonly string[];
  readonly chunks: MemoryChunkState;
}

export function appender(options: AppenderOptions): Program {
  return async (seams) => {
    const tasks = new Tasks();
    const connection = connect(seams, tasks, options);
    const chunks = chunksOf(seams, options.chunks);
    tasks.spawn(() => act({ seams, connection, options, chunks, random: seams.random.fork("appends") }));
    await Promise.race([tasks.failure, aborted(seams.stop)]);
    await tasks.idle();
    await connection.close();
  };
}

interface Appending {
  readonly seams: Seams;
  readonly connection: Connection;
  readonly options: AppenderOptions;
  readonly chunks: MemoryChunks;
  readonly random: Random;
}

async function act(appending: Appending): Promise<void> {
  const { seams, connection, options, random } = appending;
  const { clock, stop } = seams;
  await untilReady(seams, connection.caller);
  const inodes = new Map<string, InodeId>();
  for (const file of options.files) inodes.set(file, await dataFile(appending, file));
  while (!stop.aborted && !options.phase.over) {
    await clock.sleep(2 * options.thinkMs * random.next());
    const file = pick(random, options.files);
    const inode = inodes.get(file)!;
    if (random.next() < 0.5) await look(appending, file, inode);
    else await appendSome(appending, file, inode);
  }
}

async function dataFile({ seams, connection, options, random }: Appending, name: string): Promise<InodeId> {
  const place = { dir: options.known.root, name };
  const request = (): RequestId => newRandomId<RequestId>(random);
  for (;;) {
    const found = await askOne(seams, connection.caller, options, {
      request: request(),
      input: { kind: "lookup", ...place },
    });
    if (found !== undefined && !("code" in found)) return found.id as InodeId;
    if (seams.stop.aborted) return 1n as InodeId;
    const input = { kind: "create", mode: 0o644, ...place } as const;
    await askOne(seams, connection.caller, options, { request: request(), input });
    await seams.clock.sleep(50);
  }
}

/** Opens, appends a few times, syncs or not, and closes. A client that was given up begins anew, as another. */
async function appendSome(appending: Appending, file: string, inode: InodeId): Promise<void> {
  const { seams, connection, options, chunks, random } = appending;
  const { caller } = connection;
  const session = newRandomId<SessionId>(random);
  const opened = await insist(appending, async (request) => {
    const question = {
      session,
      target: { kind: "inode", inode } as const,
      read: true,
      append: true,
      truncate: false,
    };
    return caller.change(
      META.openToWrite,
      { ...question, create: undefined },
      { request, signal: seams.stop },
    );
  });
  if (opened === undefined) return;
  const data = opened.inode as FileInode;
  let end: { readonly length: bigint; readonly truncateVersion: number } | undefined;
  for (let count = 1 + random.int(3); count > 0; count--) {
    const bytes = random.bytes(1 + random.int(20));
    const reserved = await insist(appending, (request) =>
      caller.change(
        META.reserveAppend,
        { inode, session, bytes: bytes.length },
        { request, signal: seams.stop },
      ),
    );
    if (reserved === undefined) return;
    const { offset, truncateVersion } = reserved;
    try {
      await chunks.write({ ...data, inode }, session, { offset, bytes });
    } catch (error) {
      if (isPondError(error, "SESSION_REVOKED")) throw error;
      // Nobody knows whether it is there: what it reserved stays a hole, or is filled.
      continue;
    }
    if (!seams.alive()) return;
    options.appends.appended(file, { offset, bytes });
    const length = offset + BigInt(bytes.length);
    if (end === undefined || length > end.length) end = { length, truncateVersion };
    if (random.next() < 0.3) {
      const report = { wrote: true, hint: random.next() < 0.5 ? end : undefined };
      await insist(appending, (request) =>
        caller.change(META.sync, { inode, session, ...report }, { request, signal: seams.stop }),
      );
    }
  }
  await insist(appending, (request) =>
    caller.change(META.close, { inode, session, wrote: true, hint: end }, { request, signal: seams.stop }),
  );
}

async function look(
  { seams, connection, options, chunks, random }: Appending,
  file: string,
  inode: InodeId,
): Promise<void> {
  const { appends } = options;
  const end = appends.endOf(file);
  let seen: FileInode;
  try {
    seen = (await connection.caller.ask(META.stat, { inode }, { signal: seams.stop })).inode as FileInode;
  } catch (error) {
    if (!isPondError(error) || errnoOf(error) === undefined) return;
    throw error;
  }
  if (!seams.alive()) return;
  appends.sawLength(file, seen.length, end);
  const known = appends.of(file);
  if (known.length === 0) return;
  const append = pick(random, known);
  try {
    const bytes = await chunks.read(
      { ...seen, inode },
      { offset: append.offset, count: append.bytes.length },
    );
    if (seams.alive()) appends.sawBytes(file, append, bytes);
  } catch (error) {
    if (!isPondError(error, "CHUNKS_UNREACHABLE")) throw error;
  }
}

/** Asks under one request until there is an answer; nothing if it is asked to stop. Throws what the file system says. */
async function insist<T>(
  { seams, random }: Appending,
  ask: (request: RequestId) => Promise<T>,
): Promise<T | undefined> {
  const request = newRandomId<RequestId>(random);
  for (;;) {
    try {
      return await ask(request);
    } catch (error) {
      if (seams.stop.aborted) return undefined;
      if (!isPondError(error) || error.kind === "internal" || error.kind === "invalid") throw error;
      if (errnoOf(error) !== undefined && (error as PondError).kind !== "retry") throw error;
    }
    await seams.clock.sleep(20);
  }
}
