/** A namespace over a metastore in memory, and clients that ask by paths. */
import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { type ClientId, type InodeId, newRandomId, type RequestId, ROOT_INODE } from "../../../src/ids.ts";
import { InodeIds } from "../../../src/meta/inodes/inode-ids.ts";
import { ensureRoot } from "../../../src/meta/inodes/root.ts";
import { LayoutChooser } from "../../../src/meta/layout/layout-chooser.ts";
import type { FileInode, Inode } from "../../../src/meta/model/inode.ts";
import type { NamespaceDeps } from "../../../src/meta/namespace-deps.ts";
import type { MutationHeader, Operation, QuestionHeader } from "../../../src/meta/operation.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { readdir } from "../../../src/meta/ops/readdir.ts";
import { type RenameMode, rename } from "../../../src/meta/ops/rename.ts";
import { rmdir } from "../../../src/meta/ops/rmdir.ts";
import { statPath } from "../../../src/meta/ops/stat-path.ts";
import { symlink } from "../../../src/meta/ops/symlink.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { quotaKey } from "../../../src/meta/rows/keys.ts";
import { type QuotaLimits, quotaRow } from "../../../src/meta/rows/quota-row.ts";
import { OperationRunner } from "../../../src/meta/runner.ts";
import { type NamespaceSettings, namespaceSettings } from "../../../src/meta/settings.ts";
import type { Place } from "../../../src/meta/walk/place.ts";
import { LocalMetastore } from "../../../src/metastore/engine/local-metastore.ts";
import { MemoryStore, MemoryStoreState } from "../../../src/metastore/memory-store.ts";
import type { Metastore, Transaction } from "../../../src/metastore/transaction.ts";
import { FaultyStore } from "../../../src/testing/faulty-store.ts";
import { decode, encode } from "../../../src/wire/codec/index.ts";
import type { UserIdentity } from "../../../src/wire/rpc/method.ts";
import { ForgetfulMetastore } from "./forgetful-metastore.ts";

export const ROOT_USER: UserIdentity = { uid: 0, gid: 0, groups: [], admin: false };
export const ALICE: UserIdentity = { uid: 1000, gid: 1000, groups: [50], admin: false };
export const BOB: UserIdentity = { uid: 2000, gid: 2000, groups: [50], admin: false };

export class TestNamespace {
  readonly clock: ManualClock = new ManualClock();
  readonly random: SeededRandom;
  readonly metastore: ForgetfulMetastore;
  /** What storage would say of files that are written. */
  lengthOf: (file: FileInode) => bigint = ({ length }) => length;
  /** Set its faults to have commits get lost, or nobody know whether they were. */
  readonly store: FaultyStore;
  readonly deps: NamespaceDeps;
  readonly space = { bytesTotal: 1_000_000n, bytesFree: 900_000n, full: false };
  /** Bodies of transactions that were run: more than the operations, if commits conflicted. */
  tries = 0;
  /** Done before a body is run, for tests of what happens between two transactions of one operation. */
  beforeTry: (tries: number) => Promise<void> = async () => {};
  readonly #runner: OperationRunner<NamespaceDeps>;

  constructor(options: { readonly seed?: number; readonly settings?: Partial<NamespaceSettings> } = {}) {
    this.random = new SeededRandom(options.seed ?? 1);
    const { clock, random, space } = this;
    const probes = NO_PROBES;
    const memory = new MemoryStore({ state: new MemoryStoreState() });
    this.store = new FaultyStore({ clock, random: random.fork("store"), probes }, memory);
    const metastore = new LocalMetastore({ clock, random, store: this.store });
    this.metastore = new ForgetfulMetastore({ metastore, clock, random: random.fork("commits") });
    const settings = namespaceSettings(options.settings);
    const tables = { latest: (table: number) => (table === 1 ? { version: 3, chains: 24 } : undefined) };
    this.deps = {
      inodeIds: new InodeIds({ metastore: this.metastore, random }),
      layouts: new LayoutChooser({ tables, random }, settings),
      lengths: {
        settle: async (_, files: readonly FileInode[]) =>
          files.map((file) => ({ ...file, length: this.lengthOf(file) })),
      },
      space,
      settings,
    };
    const counted: Metastore = {
      begin: (begun) => this.metastore.begin(begun),
      transact: (body, how) =>
        this.metastore.transact(async (transaction) => {
          this.tries += 1;
          await this.beforeTry(this.tries);
          return body(transaction);
        }, how),
    };
    this.#runner = new OperationRunner({ metastore: counted, clock, operations: this.deps });
  }

  static async start(options: ConstructorParameters<typeof TestNamespace>[0] = {}): Promise<TestNamespace> {
    const namespace = new TestNamespace(options);
    await namespace.transact((transaction) => ensureRoot(transaction, namespace.nowNs));
    return namespace;
  }

  get nowNs(): bigint {
    return BigInt(this.clock.wallMs()) * 1_000_000n;
  }

  client(user: UserIdentity = ROOT_USER): TestClient {
    return new TestClient(this, user, newRandomId<ClientId>(this.random));
  }

  transact<T>(body: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.eventually(this.metastore.transact(body));
  }

  /** Moves time on until it is there: who conflicted pauses. */
  async eventually<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const seen = promise.finally(() => {
      settled = true;
    });
    seen.catch(() => {});
    for (let turn = 0; turn < 200 && !settled; turn++) await Promise.resolve();
    while (!settled) await this.clock.advance(5);
    return seen;
  }

  async limit(quota: number, limits: QuotaLimits): Promise<void> {
    await this.transact(async (transaction) => transaction.set(quotaKey(quota), encode(quotaRow, limits)));
  }

  /** Runs it in a transaction that is not committed yet. */
  async begun<Q extends QuestionHeader, A>(
    operation: Operation<Q, A, NamespaceDeps>,
    own: Own<Q>,
  ): Promise<Begun> {
    const transaction = await this.metastore.begin();
    const header = {
      as: undefined,
      client: newRandomId<ClientId>(this.random),
      request: newRandomId<RequestId>(this.random),
    };
    const context = { transaction, user: ROOT_USER, nowNs: this.nowNs, deps: this.deps };
    await this.eventually(operation.run(context, { ...header, ...own } as unknown as Q));
    return { commit: async () => (await this.eventually(transaction.commit())).kind };
  }

  /** As a service does it: question and answer go through their codecs. */
  async run<Q extends QuestionHeader, A>(
    operation: Operation<Q, A, NamespaceDeps>,
    question: Q,
    user: UserIdentity,
  ): Promise<A> {
    const { method } = operation;
    const asked = decode(method.question, encode(method.question, question));
    const answer = await this.#runner.run(operation, asked, { principal: { kind: "user", user } });
    return decode(method.answer, encode(method.answer, answer));
  }
}

export interface Begun {
  commit(): Promise<"committed" | "conflict" | "unknown">;
}

export type Own<Q> = Omit<Q, keyof MutationHeader> & { readonly request?: RequestId };

export class TestClient {
  readonly id: ClientId;
  readonly user: UserIdentity;
  readonly #namespace: TestNamespace;

  constructor(namespace: TestNamespace, user: UserIdentity, id: ClientId) {
    this.#namespace = namespace;
    this.user = user;
    this.id = id;
  }

  newRequest(): RequestId {
    return newRandomId(this.#namespace.random);
  }

  /** Asks, with a new request's identity unless one is given, and waits for the answer. */
  ask<Q extends QuestionHeader, A>(operation: Operation<Q, A, NamespaceDeps>, own: Own<Q>): Promise<A> {
    return this.#namespace.eventually(this.send(operation, own));
  }

  /** Asks and does not move time on. */
  send<Q extends QuestionHeader, A>(operation: Operation<Q, A, NamespaceDeps>, own: Own<Q>): Promise<A> {
    const header = { as: undefined, client: this.id, request: this.newRequest() };
    return this.#namespace.run(operation, { ...header, ...own } as unknown as Q, this.user);
  }

  async create(path: string, options: { readonly mode?: number; readonly exclusive?: boolean } = {}) {
    const { mode = 0o644, exclusive = true } = options;
    const question = { place: at(path), kind: "file", mode, rdev: 0, exclusive } as const;
    return (await this.ask(create, question)).inode as FileInode;
  }

  async mkdir(path: string, mode: number = 0o755): Promise<Inode> {
    return (await this.ask(mkdirs, { directory: ROOT_INODE, path, mode, parents: false })).inode;
  }

  async symlink(path: string, target: string): Promise<Inode> {
    return (await this.ask(symlink, { place: at(path), target })).inode;
  }

  unlink(path: string): Promise<undefined> {
    return this.ask(unlink, { place: at(path) });
  }

  rmdir(path: string): Promise<undefined> {
    return this.ask(rmdir, { place: at(path) });
  }

  rename(from: string, to: string, mode: RenameMode = "replace"): Promise<undefined> {
    return this.ask(rename, { from: at(from), to: at(to), mode });
  }

  async stat(path: string, follow: boolean = false): Promise<Inode> {
    return (await this.ask(statPath, { directory: ROOT_INODE, path, follow })).inode;
  }

  async names(path: string): Promise<readonly string[]> {
    const { id } = await this.stat(path, true);
    const question = { directory: id, after: undefined, limit: 1000, attributes: false };
    return (await this.ask(readdir, question)).entries.map(({ name }) => name);
  }
}

/** The place that a path from the root names. */
export function at(path: string): Place {
  const slash = path.lastIndexOf("/");
  return { directory: ROOT_INODE, under: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}

export function inside(directory: InodeId, name: string): Place {
  return { directory, under: "", name };
}
