/** A metadata service's operations over stores in memory and in virtual time, with a client to ask them. */
import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import {
  type ClientId,
  type InodeId,
  newRandomId,
  type RequestId,
  ROOT_INODE,
  type SessionId,
} from "../../src/ids.ts";
import { InodeIds } from "../../src/meta/inodes/inode-ids.ts";
import { ensureRoot } from "../../src/meta/inodes/root.ts";
import { LayoutChooser } from "../../src/meta/layout/layout-chooser.ts";
import type { LockDeps } from "../../src/meta/locks/set-lock.ts";
import type { FileInode, Inode } from "../../src/meta/model/inode.ts";
import type { MutationHeader, Operation, QuestionHeader } from "../../src/meta/operation.ts";
import { OperationRunner } from "../../src/meta/runner.ts";
import type { SessionDeps } from "../../src/meta/sessions/deps.ts";
import { Lengths } from "../../src/meta/sessions/lengths.ts";
import { type OpenToWriteAnswer, openToWrite } from "../../src/meta/sessions/open-to-write.ts";
import { DEFAULT_SESSION_SETTINGS } from "../../src/meta/sessions/settings.ts";
import { Spiller } from "../../src/meta/sessions/spill.ts";
import { namespaceSettings } from "../../src/meta/settings.ts";
import type { MemoryStoreState } from "../../src/metastore/memory-store.ts";
import { NodeCrypto } from "../../src/platform/node-crypto.ts";
import { CapabilityKey } from "../../src/service/capability.ts";
import { type ChunkFault, MemoryChunkState, MemoryChunks } from "../../src/testing/memory-chunks.ts";
import { openMemoryMetastore } from "../../src/testing/memory-metastore.ts";
import type { Principal, UserIdentity } from "../../src/wire/rpc/method.ts";

export type TestDeps = SessionDeps & LockDeps;

export interface MetaWorldOptions {
  readonly state?: MemoryStoreState;
  readonly fault?: ChunkFault;
  readonly seed?: number;
  /** Of files' layouts. */
  readonly chunkBytes?: number;
}

export interface MetaWorld {
  readonly clock: ManualClock;
  readonly random: SeededRandom;
  readonly metastore: ReturnType<typeof openMemoryMetastore>;
  readonly chunks: MemoryChunks;
  readonly capabilities: CapabilityKey;
  readonly deps: TestDeps;
  readonly runner: OperationRunner<TestDeps>;
  /** Lets time pass until the work is done. */
  run<T>(work: Promise<T>): Promise<T>;
}

export async function metaWorld(options: MetaWorldOptions = {}): Promise<MetaWorld> {
  const clock = new ManualClock();
  const random = new SeededRandom(options.seed ?? 1);
  const metastore = openMemoryMetastore({
    clock,
    random: random.fork("metastore"),
    probes: NO_PROBES,
    ...(options.state === undefined ? {} : { state: options.state }),
  });
  const chunks = new MemoryChunks({
    state: new MemoryChunkState(),
    ...(options.fault === undefined ? {} : { fault: options.fault }),
  });
  const capabilities = new CapabilityKey(
    { crypto: new NodeCrypto(), clock },
    { secrets: [new TextEncoder().encode("secret")] },
  );
  const settings = namespaceSettings(
    options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes },
  );
  const sessionSettings = DEFAULT_SESSION_SETTINGS;
  const deps: TestDeps = {
    inodeIds: new InodeIds({ metastore, random: random.fork("inodes") }),
    layouts: new LayoutChooser(
      { tables: { latest: () => ({ version: 1, chains: 4 }) }, random: random.fork("layouts") },
      settings,
    ),
    lengths: new Lengths({ metastore, chunks }),
    spiller: new Spiller({ metastore, chunks, clock, random: random.fork("spills") }, sessionSettings),
    space: { bytesTotal: 2n ** 40n, bytesFree: 2n ** 39n, full: false },
    settings,
    capabilities,
    sessionSettings,
    lockSettings: { waiterStaleMs: 30_000 },
  };
  const runner = new OperationRunner({ metastore, clock, operations: deps });
  const world = { clock, random, metastore, chunks, capabilities, deps, runner, run };
  await run(
    metastore.transact((transaction) => ensureRoot(transaction, BigInt(clock.wallMs()) * 1_000_000n)),
  );
  return world;

  async function run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    work.then(
      () => (done = true),
      () => (done = true),
    );
    for (let turns = 0; !done; turns++) {
      if (turns > 10_000) throw new Error("this never ends");
      await clock.advance(done ? 0 : 5);
    }
    return work;
  }
}

/** One client, as one user. */
export class TestClient {
  readonly id: ClientId;
  readonly world: MetaWorld;
  readonly principal: Principal;

  constructor(world: MetaWorld, user: Partial<UserIdentity> = { uid: 0, gid: 0, admin: true }) {
    this.world = world;
    this.id = newRandomId<ClientId>(world.random);
    this.principal = { kind: "user", user: { uid: 1000, gid: 1000, groups: [], admin: false, ...user } };
  }

  /** Asks, with time passing; mutations get a request's identity of their own unless they bring one. */
  ask<Q extends QuestionHeader, A>(
    operation: Operation<Q, A, TestDeps>,
    question: Omit<Q, keyof MutationHeader> & Partial<MutationHeader>,
  ): Promise<A> {
    const header = { as: undefined, client: this.id, request: newRandomId<RequestId>(this.world.random) };
    const whole = { ...header, ...question } as unknown as Q;
    return this.world.run(this.world.runner.run(operation, whole, { principal: this.principal }));
  }

  async open(name: string, how: Partial<OpenFlags> = {}): Promise<OpenFile> {
    const session = newRandomId<SessionId>(this.world.random);
    const answer = await this.ask(openToWrite, {
      session,
      target: { kind: "place", place: placeOf(name), noFollow: false },
      read: true,
      append: false,
      truncate: false,
      create: { mode: 0o644, exclusive: false },
      ...how,
    });
    return { session, ...answer, file: asFile(answer.inode) };
  }
}

export interface OpenFlags {
  readonly append: boolean;
  readonly truncate: boolean;
  readonly create: { readonly mode: number; readonly exclusive: boolean } | undefined;
}

export interface OpenFile extends OpenToWriteAnswer {
  readonly session: SessionId;
  readonly file: FileInode;
}

/** A name in the root, or in a directory. */
export function placeOf(
  name: string,
  directory: InodeId = ROOT_INODE,
): { readonly directory: InodeId; readonly under: string; readonly name: string } {
  return { directory, under: "", name };
}

export function asFile(inode: Inode): FileInode {
  if (inode.kind !== "file") throw new Error(`a ${inode.kind} is no file`);
  return inode;
}

/** The code of what the work is refused with, or nothing. */
export async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );
}
