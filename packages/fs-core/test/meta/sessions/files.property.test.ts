/**
 * Random work on open files against the plainest model of a file: an array of bytes. Storage refuses and forgets to answer
 * at random; a client asks again with the same request. After every step the file is as long as the model's and reads the
 * same; in the end no chunk is left that no file has, and the checker finds nothing.
 */
import { fc, test } from "@fast-check/vitest";
import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { expect } from "vitest";
import { type ClientId, newRandomId, type RequestId, type SessionId } from "../../../src/ids.ts";
import { Collector } from "../../../src/meta/collect/collector.ts";
import { DEFAULT_COLLECT_SETTINGS } from "../../../src/meta/collect/settings.ts";
import { check } from "../../../src/meta/fsck/fsck.ts";
import { liveSource } from "../../../src/meta/fsck/source.ts";
import { isFsError } from "../../../src/meta/model/errors.ts";
import type { FileInode } from "../../../src/meta/model/inode.ts";
import type { MutationHeader, Operation, QuestionHeader } from "../../../src/meta/operation.ts";
import { stat } from "../../../src/meta/ops/stat.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { GARBAGE_SHARDS, inlineKey } from "../../../src/meta/rows/keys.ts";
import { CLIENT_SHARDS } from "../../../src/meta/sessions/client-scan.ts";
import { close } from "../../../src/meta/sessions/close.ts";
import { dataOf } from "../../../src/meta/sessions/lengths.ts";
import { openToWrite } from "../../../src/meta/sessions/open-to-write.ts";
import { reserveAppend } from "../../../src/meta/sessions/reserve-append.ts";
import { SessionReaper } from "../../../src/meta/sessions/session-reaper.ts";
import { sync } from "../../../src/meta/sessions/sync.ts";
import { truncate } from "../../../src/meta/sessions/truncate.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { asFile, type MetaWorld, metaWorld, placeOf, TestClient, type TestDeps } from "../world.ts";

/** Small enough for a model, large enough to cross from one chunk to the next. */
const CHUNK_BYTES = 64 * 1024;
const BASE = CHUNK_BYTES - 64;

interface ModelFile {
  bytes: number[];
  named: boolean;
}

interface Handle {
  readonly client: TestClient;
  readonly session: SessionId;
  readonly file: ModelFile;
  readonly inode: FileInode;
  readonly append: boolean;
  truncateVersion: number;
  end: bigint;
  wrote: boolean;
}

const step = fc.record({
  what: fc.constantFrom(
    "open",
    "open",
    "truncating",
    "write",
    "write",
    "append",
    "truncate",
    "sync",
    "close",
    "unlink",
    "writeFile",
  ),
  name: fc.constantFrom("a", "b"),
  client: fc.nat(1),
  at: fc.nat(200),
  count: fc.integer({ min: 1, max: 60 }),
  pick: fc.nat(20),
  knows: fc.boolean(),
});

test.prop([fc.array(step, { maxLength: 30 }), fc.nat(2 ** 30)], { numRuns: 60 })(
  "files are as their model, whatever storage does",
  async (steps, seed) => {
    const run = await Run.begin(seed);
    for (const each of steps) {
      await run.take(each);
      await run.compare();
    }
    await run.end();
  },
);

class Run {
  readonly world: MetaWorld;
  readonly clients: readonly TestClient[];
  readonly faults: { on: boolean };
  readonly handles: Handle[] = [];
  readonly named: Map<string, { readonly model: ModelFile; readonly inode: FileInode }> = new Map();
  #byte = 0;

  private constructor(world: MetaWorld, faults: { on: boolean }) {
    this.world = world;
    this.faults = faults;
    this.clients = [new TestClient(world), new TestClient(world)];
  }

  static async begin(seed: number): Promise<Run> {
    const faults = { on: true };
    const chance = new SeededRandom(seed);
    const world = await metaWorld({
      chunkBytes: CHUNK_BYTES,
      fault: async (call) => {
        const ours = call !== "write" && call !== "read" && call !== "space";
        if (ours && faults.on && chance.next() < 0.1) throw new Error(`${call} went wrong`);
      },
    });
    return new Run(world, faults);
  }

  async take({
    what,
    name,
    client: which,
    at,
    count,
    pick,
    knows,
  }: typeof step extends fc.Arbitrary<infer T> ? T : never) {
    const client = this.clients[which]!;
    const handle = this.handles[pick % Math.max(1, this.handles.length)];
    const bytes = Uint8Array.from({ length: count }, () => (this.#byte = (this.#byte % 255) + 1));
    switch (what) {
      case "open":
      case "truncating":
        return this.#open(client, name, what === "truncating", pick % 2 === 0);
      case "write":
        // Who opened it to append writes only where it was told to.
        if (handle?.append === true) return this.#append(handle, bytes);
        return handle && this.#write(handle, BASE + at, bytes);
      case "append":
        return handle && this.#append(handle, bytes);
      case "truncate":
        return handle && this.#truncate(handle, knows ? at : BASE + at);
      case "sync":
        return handle && this.#report(handle, "sync", knows);
      case "close":
        if (handle === undefined) return;
        this.handles.splice(this.handles.indexOf(handle), 1);
        return this.#report(handle, "close", knows);
      case "unlink":
        return this.#unlink(client, name);
      case "writeFile":
        return this.#writeFile(client, name, bytes);
      default:
        return what satisfies never;
    }
  }

  async compare(): Promise<void> {
    const seen = new Map<ModelFile, FileInode>();
    for (const { model, inode } of this.named.values()) seen.set(model, inode);
    for (const { file, inode } of this.handles) seen.set(file, inode);
    for (const [model, { id }] of seen) {
      const inode = asFile((await this.#insist(this.clients[0]!, stat, { inode: id })).inode);
      expect(inode.length).toBe(BigInt(model.bytes.length));
      const content = await this.#content(inode);
      expect(Buffer.from(content).equals(Buffer.from(model.bytes))).toBe(true);
    }
  }

  /** One client closes, the other is lost; what has a name stays, and nothing else. */
  async end(): Promise<void> {
    const [first, lost] = this.clients as readonly [TestClient, TestClient];
    for (const handle of this.handles.splice(0)) {
      if (handle.client === first) await this.#report(handle, "close", false);
    }
    this.faults.on = false;
    await this.#reap(lost.id);
    await this.compare();
    await this.#collect();
    const kept = [...this.named.values()].map(({ inode }) => inode.id);
    for (const [name, { chunks }] of this.world.chunks.state.files) {
      if (chunks.size === 0) continue;
      expect(kept.map(String)).toContain(name.split(".")[0]);
    }
    const report = await this.world.run(check(liveSource(this.world.metastore)));
    expect(report.findings).toEqual([]);
    expect(report.inodes).toBe(1 + this.named.size);
  }

  async #open(client: TestClient, name: string, truncating: boolean, append: boolean): Promise<void> {
    const session = newRandomId<SessionId>(this.world.random);
    const answer = await this.#insist(client, openToWrite, {
      session,
      target: { kind: "place", place: placeOf(name), noFollow: false },
      read: true,
      append,
      truncate: truncating,
      create: { mode: 0o666, exclusive: false },
    });
    const inode = asFile(answer.inode);
    const model = this.named.get(name)?.model ?? { bytes: [], named: true };
    if (truncating) model.bytes = [];
    this.named.set(name, { model, inode });
    const { truncateVersion } = inode;
    const nothing = { end: 0n, wrote: false };
    this.handles.push({ client, session, file: model, inode, append, truncateVersion, ...nothing });
    if (inode.truncating) await this.#settle(inode);
  }

  async #write(handle: Handle, at: number, bytes: Uint8Array): Promise<void> {
    const { file, inode, session } = handle;
    await this.world.chunks.write(dataOf(inode), session, { offset: BigInt(at), bytes });
    while (file.bytes.length < at) file.bytes.push(0);
    for (const [index, byte] of bytes.entries()) file.bytes[at + index] = byte;
    handle.wrote = true;
    const end = BigInt(at + bytes.length);
    if (end > handle.end) handle.end = end;
  }

  async #append(handle: Handle, bytes: Uint8Array): Promise<void> {
    const { client, inode, session } = handle;
    const question = { inode: inode.id, session, bytes: bytes.length };
    const { offset } = await this.#insist(client, reserveAppend, question);
    expect(offset).toBe(BigInt(handle.file.bytes.length));
    await this.#write(handle, Number(offset), bytes);
  }

  async #truncate(handle: Handle, length: number): Promise<void> {
    const { client, file, session } = handle;
    const question = { inode: handle.inode.id, length: BigInt(length), session };
    const inode = asFile((await this.#insist(client, truncate, question)).inode);
    if (inode.truncating) await this.#settle(inode);
    file.bytes.length = Math.min(file.bytes.length, length);
    while (file.bytes.length < length) file.bytes.push(0);
    // Whoever truncates knows that what it wrote before says nothing any more; others find out when they report.
    handle.truncateVersion = inode.truncateVersion;
    handle.end = 0n;
  }

  async #report(handle: Handle, how: "sync" | "close", knows: boolean): Promise<void> {
    const { client, inode, session, wrote, end, truncateVersion } = handle;
    const hint = knows ? { length: end, truncateVersion } : undefined;
    const question = { inode: inode.id, session, wrote, hint };
    if (how === "sync") await this.#insist(client, sync, question);
    else await this.#insist(client, close, question);
    handle.wrote = false;
  }

  async #unlink(client: TestClient, name: string): Promise<void> {
    const there = this.named.delete(name);
    const outcome = await this.#insist(client, unlink, { place: placeOf(name) }).then(
      () => undefined,
      (error: unknown) => (error as { code: string }).code,
    );
    expect(outcome).toBe(there ? undefined : "ENOENT");
  }

  async #writeFile(client: TestClient, name: string, bytes: Uint8Array): Promise<void> {
    const before = this.named.get(name);
    const isOpen = this.handles.some(({ file }) => file === before?.model);
    const question = { place: placeOf(name), mode: 0o666, exclusive: false, bytes };
    try {
      const inode = asFile((await this.#insist(client, writeFile, question)).inode);
      const model = before?.model ?? { bytes: [], named: true };
      model.bytes = [...bytes];
      this.named.set(name, { model, inode });
      expect(isOpen).toBe(false);
    } catch (error) {
      if (!isFsError(error, "EBUSY")) throw error;
      expect(isOpen).toBe(true);
    }
  }

  async #content(inode: FileInode): Promise<Uint8Array> {
    if (!inode.inline) {
      return this.world.chunks.read(dataOf(inode), { offset: 0n, count: Number(inode.length) });
    }
    const { metastore, run } = this.world;
    return (await run(metastore.transact((transaction) => transaction.get(inlineKey(inode.id)))))!;
  }

  async #settle(inode: FileInode): Promise<void> {
    await this.#again(() => this.world.run(this.world.deps.lengths.endTruncation(inode)));
  }

  /** With the same request until there is an answer, or an error of the file system. */
  #insist<Q extends QuestionHeader, A>(
    client: TestClient,
    operation: Operation<Q, A, TestDeps>,
    question: Omit<Q, keyof MutationHeader>,
  ): Promise<A> {
    const request = newRandomId<RequestId>(this.world.random);
    return this.#again(() => client.ask(operation, { ...question, request } as never) as Promise<A>);
  }

  async #again<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (tries === 50 || !(error instanceof Error) || !error.message.endsWith("went wrong")) throw error;
      }
    }
  }

  async #reap(lost: ClientId): Promise<void> {
    const { metastore, chunks, clock, deps, run } = this.world;
    const reaper = new SessionReaper(
      {
        metastore,
        chunks,
        clock,
        lengths: deps.lengths,
        clients: { states: async (clients) => clients.map((each) => (each === lost ? "gone" : "alive")) },
        log: silentLogger(),
        metrics: new Metrics(),
        probes: NO_PROBES,
      },
      { ...deps.sessionSettings, clientGraceMs: 0 },
    );
    for (let shard = 0; shard < CLIENT_SHARDS; shard++) await run(reaper.reap(shard));
  }

  async #collect(): Promise<void> {
    const { metastore, chunks, clock, run } = this.world;
    await clock.advance(3_600_000);
    const metrics = new Metrics();
    const collector = new Collector(
      { metastore, chunks, clock, log: silentLogger(), metrics, probes: NO_PROBES },
      DEFAULT_COLLECT_SETTINGS,
    );
    let more = true;
    while (more) {
      more = false;
      for (let shard = 0; shard < GARBAGE_SHARDS; shard++)
        more = (await run(collector.collect(shard))) || more;
    }
  }
}
