import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { afterEach, expect, it } from "vitest";
import { type ClientId, newRandomId, type RequestId, ROOT_INODE, type SessionId } from "../../../src/ids.ts";
import { LOCK_END } from "../../../src/meta/locks/lock.ts";
import { setLock } from "../../../src/meta/locks/set-lock.ts";
import { unlock } from "../../../src/meta/locks/unlock.ts";
import type { FileInode } from "../../../src/meta/model/inode.ts";
import { stat } from "../../../src/meta/ops/stat.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { MetaService } from "../../../src/meta/service/meta-service.ts";
import type { MetaSettingsChanges } from "../../../src/meta/service/settings.ts";
import type { ClientState } from "../../../src/meta/sessions/client-view.ts";
import { close } from "../../../src/meta/sessions/close.ts";
import { dataOf } from "../../../src/meta/sessions/lengths.ts";
import { openToWrite } from "../../../src/meta/sessions/open-to-write.ts";
import { truncate } from "../../../src/meta/sessions/truncate.ts";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { MemoryChunkState, MemoryChunks } from "../../../src/testing/memory-chunks.ts";
import { openMemoryMetastore } from "../../../src/testing/memory-metastore.ts";
import { LocalCaller } from "../../../src/wire/rpc/local-caller.ts";
import type { Method } from "../../../src/wire/rpc/method.ts";
import { RpcRouter } from "../../../src/wire/rpc/router.ts";
import { placeOf } from "../world.ts";

const CLIENT = "c".repeat(32) as ClientId;
const SETTINGS: MetaSettingsChanges = {
  namespace: { garbageDelayMs: 10_000 },
  members: { beatMs: 1000, deadMs: 5000 },
};

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function setUp() {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const metastore = openMemoryMetastore({ clock, random: random.fork("store") });
  const chunks = new MemoryChunks({ state: new MemoryChunkState() });
  const states = new Map<ClientId, ClientState>();
  const run = async <T>(work: Promise<T>): Promise<T> => {
    const over = work.then(
      () => true,
      () => true,
    );
    for (let turn = 0; turn < 100_000; turn++) {
      if (await Promise.race([over, clock.advance(10).then(() => false)])) return work;
    }
    throw new Error("this never ends");
  };
  const service = async (name: string, starts: boolean = true) => {
    const metrics = new Metrics();
    const log = silentLogger();
    const onInvariant = (error: Error): void => {
      throw error;
    };
    const router = new RpcRouter({ clock, log, metrics, probes: NO_PROBES, onInvariant });
    const meta = new MetaService(
      {
        metastore,
        chunks,
        clients: { states: async (clients) => clients.map((each) => states.get(each) ?? "alive") },
        tables: { latest: () => ({ version: 1, chains: 3 }) },
        router,
        clock,
        random: random.fork(name),
        crypto: new NodeCrypto(),
        log,
        metrics,
        probes: NO_PROBES,
        onInvariant,
      },
      { ...SETTINGS, secrets: [new TextEncoder().encode("a secret of a cluster")] },
    );
    if (starts) await run(meta.start());
    open.push({ close: () => run(meta.close()) });
    const caller = new LocalCaller(
      { router, clock, random: random.fork(`${name} calls`) },
      { principal: { kind: "member", node: undefined } },
    );
    const ask = <Q, A>(method: Method<Q, A>, question: object): Promise<A> => {
      const header = { as: undefined, client: CLIENT, request: newRandomId<RequestId>(random) };
      return run(caller.call(method, { ...header, ...question } as Q));
    };
    return { meta, ask, metrics };
  };
  const opening = (name: string) => ({
    session: newRandomId<SessionId>(random),
    target: { kind: "place", place: placeOf(name), noFollow: false },
    read: true,
    append: false,
    truncate: false,
    create: { mode: 0o644, exclusive: false },
  });
  return { clock, random, chunks, states, run, service, opening };
}

it("serves a file's life, and collects it afterwards by itself", async () => {
  const { clock, chunks, service, opening } = await setUp();
  const { ask, metrics } = await service("a");
  const question = opening("f");
  const file = (await ask(openToWrite.method, question)).inode as FileInode;
  const bytes = new Uint8Array(10).fill(1);
  await chunks.write(dataOf(file), question.session, { offset: 0n, bytes });
  const cut = await ask(truncate.method, { inode: file.id, length: 4n, session: question.session });
  expect(cut.inode).toMatchObject({ length: 4n, truncating: false });
  expect(await chunks.lengthOf(dataOf(file))).toBe(4n);
  await ask(close.method, { inode: file.id, session: question.session, wrote: true, hint: undefined });
  await ask(unlink.method, { place: placeOf("f") });
  await clock.advance(20_000);
  expect(chunks.state.chunkCount).toBe(0);
  await expect(ask(stat.method, { inode: file.id })).rejects.toMatchObject({ code: "ESTALE" });
  const text = metrics.text();
  expect(text).toContain('pond_meta_operations_total{operation="meta.openToWrite",outcome="ok"} 1');
  expect(text).toContain('pond_meta_operations_total{operation="meta.stat",outcome="ESTALE"} 1');
});

it("goes on with the work of a service that died", async () => {
  const { clock, chunks, run, service, opening } = await setUp();
  const first = await service("a");
  const second = await service("b");
  const files: FileInode[] = [];
  for (let at = 0; at < 20; at++) {
    const question = opening(`f${at}`);
    const file = (await first.ask(openToWrite.method, question)).inode as FileInode;
    await chunks.write(dataOf(file), question.session, { offset: 0n, bytes: Uint8Array.of(1) });
    const end = { inode: file.id, session: question.session, wrote: true, hint: undefined };
    await second.ask(close.method, end);
    files.push(file);
  }
  // It only stops: to the other it looks as if it was killed.
  await run(first.meta.close());
  for (const at of files.keys()) await second.ask(unlink.method, { place: placeOf(`f${at}`) });
  await clock.advance(30_000);
  expect(chunks.state.chunkCount).toBe(0);
});

it("gives a lock up that a lost client held, and tells the one who waits", async () => {
  const { random, states, service, opening } = await setUp();
  const { ask } = await service("a");
  const lost = "d".repeat(32) as ClientId;
  const question = opening("f");
  const { inode } = await ask(openToWrite.method, { ...question, client: lost });
  const lock = (client: ClientId) => ({
    client,
    inode: inode.id,
    lock: {
      owner: { client, flavour: "posix", id: 1n },
      mode: "exclusive",
      begin: 0n,
      end: LOCK_END,
      pid: 1,
    },
    wait: true,
    ticket: newRandomId<RequestId>(random),
  });
  expect((await ask(setLock.method, lock(lost))).outcome).toBe("granted");
  states.set(lost, "gone");
  const wanted = lock(CLIENT);
  let tries = 0;
  while ((await ask(setLock.method, wanted)).outcome === "waiting") {
    tries += 1;
    expect(tries).toBeLessThan(100);
  }
  expect(tries).toBeGreaterThan(5);
  const range = { begin: 0n, end: LOCK_END };
  await ask(unlock.method, { inode: inode.id, owner: wanted.lock.owner, range });
});

it("answers about the root before anything was made", async () => {
  const { service } = await setUp();
  const { ask } = await service("a");
  expect((await ask(stat.method, { inode: ROOT_INODE })).inode).toMatchObject({
    kind: "directory",
    mode: 0o755,
  });
});

it("refuses questions until there is a root, and remembers nothing of them", async () => {
  const { run, service, opening } = await setUp();
  const { meta, ask } = await service("a", false);
  const question = { ...opening("f"), request: "7".repeat(32) };
  await expect(ask(openToWrite.method, question)).rejects.toMatchObject({ code: "STARTING", kind: "retry" });
  await run(meta.start());
  expect(await ask(openToWrite.method, question)).toMatchObject({ inode: { kind: "file" } });
});
