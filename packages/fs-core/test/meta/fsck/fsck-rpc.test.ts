import { fromHex, NO_PROBES, toHex } from "@smallpond/base";
import { afterEach, expect, it } from "vitest";
import { checkOverRpc, type FsckEvent, type FsckOptions } from "../../../src/cluster/fsck-caller.ts";
import { MetaCaller } from "../../../src/cluster/meta-caller.ts";
import { type ClientId, type InodeId, newRandomId, type RequestId, ROOT_INODE } from "../../../src/ids.ts";
import { Checks } from "../../../src/meta/fsck/rpc/checks.ts";
import { FSCK, type FsckAnswer, type FsckQuestion } from "../../../src/meta/fsck/rpc/fsck-method.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { counterRow, entryRow } from "../../../src/meta/rows/inode-row.ts";
import { entryKey, quotaBytesKey } from "../../../src/meta/rows/keys.ts";
import type { Metastore } from "../../../src/metastore/transaction.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { decode, encode } from "../../../src/wire/codec/index.ts";
import { LocalCaller } from "../../../src/wire/rpc/local-caller.ts";
import type { Principal } from "../../../src/wire/rpc/method.ts";
import { RpcRouter } from "../../../src/wire/rpc/router.ts";
import { codeOf, metaWorld, TestClient } from "../world.ts";

const ROOT: Principal = { kind: "member", node: undefined };
const ANNA: Principal = { kind: "user", user: { uid: 7, gid: 7, groups: [], admin: false } };
const ADMIN: Principal = { kind: "user", user: { uid: 8, gid: 8, groups: [], admin: true } };
const IDLE_MS = 5000;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A metastore whose transactions each take `ms`. */
async function setUp({ ms = 0 } = {}) {
  const world = await metaWorld();
  const client = new TestClient(world);
  const { clock, random } = world;
  await client.ask(mkdirs, { directory: ROOT_INODE, path: "d/e/f", mode: 0o755, parents: true });
  const calls = { count: 0 };
  const metastore: Metastore = {
    begin: (options) => world.metastore.begin(options),
    transact: async (body, options) => {
      calls.count += 1;
      if (ms > 0) await clock.sleep(ms, options);
      return await world.metastore.transact(body, options);
    },
  };
  const metrics = new Metrics();
  const log = silentLogger();
  const onInvariant = (error: Error): void => {
    throw error;
  };
  const router = new RpcRouter({ clock, log, metrics, probes: NO_PROBES, onInvariant });
  const checks = new Checks({ metastore, clock, log, metrics }, { idleMs: IDLE_MS });
  checks.offer(router);
  open.push(() => world.run(checks.close()));
  const as = (principal: Principal): MetaCaller => {
    const caller = new LocalCaller({ router, clock, random: random.fork("calls") }, { principal });
    return new MetaCaller({ clock, random, callers: [caller] }, { client: newRandomId<ClientId>(random) });
  };
  const damage = () =>
    world.run(
      world.metastore.transact(async (transaction) => {
        const entry = encode(entryRow, { inode: 999_999n as InodeId, kind: "file" });
        for (let each = 0; each < 250; each++) transaction.set(entryKey(ROOT_INODE, `lost ${each}`), entry);
        transaction.set(quotaBytesKey(5), encode(counterRow, 77n));
      }),
    );
  return { world, clock, random, as, damage, calls, metrics, checks };
}

async function events(meta: MetaCaller, options: FsckOptions = {}): Promise<readonly FsckEvent[]> {
  const all: FsckEvent[] = [];
  for await (const event of checkOverRpc(meta, options)) all.push(event);
  return all;
}

function findingsOf(all: readonly FsckEvent[]) {
  return all.flatMap((event) => (event.kind === "findings" ? event.findings : []));
}

it("tells that nothing is wrong where nothing is", async () => {
  const { world, as } = await setUp();
  const all = await world.run(events(as(ROOT)));
  expect(findingsOf(all)).toEqual([]);
  const report = { findings: 0, truncated: false, inodes: 4, entries: 3 };
  expect(all.at(-1)).toMatchObject({ kind: "done", report });
});

it("tells what is wrong, in pieces, and what could be set right", async () => {
  const { world, as, damage } = await setUp();
  await damage();
  const all = await world.run(events(as(ADMIN)));
  const pieces = all.filter(({ kind }) => kind === "findings");
  expect(pieces.length).toBeGreaterThan(2);
  const found = findingsOf(all);
  expect(found.filter(({ code }) => code === "ENTRY_WITHOUT_INODE")).toHaveLength(250);
  expect(new Set(found.map(({ subject }) => subject)).size).toBe(found.length);
  expect(found.find(({ code }) => code === "QUOTA_WRONG")).toMatchObject({ repair: "possible" });
  expect(all.at(-1)).toMatchObject({ kind: "done", report: { findings: found.length } });
});

it("sets right what it can when it is asked to", async () => {
  const { world, as, damage } = await setUp();
  await damage();
  const before = findingsOf(await world.run(events(as(ROOT), { repair: true, looks: 1 })));
  expect(before.find(({ code }) => code === "QUOTA_WRONG")).toMatchObject({ repair: "repaired" });
  const after = findingsOf(await world.run(events(as(ROOT), { looks: 1 })));
  expect(after.length).toBe(before.filter(({ repair }) => repair === "none").length);
});

it("goes on for longer than any transaction lives, and tells how far it is", async () => {
  const { world, clock, as, damage } = await setUp({ ms: 900 });
  await damage();
  const beganMs = clock.monotonicMs();
  const all = await world.run(events(as(ROOT), { looks: 1 }));
  expect(clock.monotonicMs() - beganMs).toBeGreaterThan(10_000);
  expect(findingsOf(all).length).toBeGreaterThan(250);
  const rows = all.flatMap((event) => (event.kind === "progress" ? [event.rows] : []));
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.toSorted((a, b) => a - b)).toEqual(rows);
  expect(rows.at(-1)).toBeGreaterThan(250);
});

it("is refused to those who are no administrators, and begins nothing", async () => {
  const { world, as, calls } = await setUp();
  expect(await codeOf(world.run(events(as(ANNA))))).toBe("EPERM");
  expect(calls.count).toBe(0);
});

it("ends when it is given up", async () => {
  const { world, clock, as, calls, metrics } = await setUp({ ms: 900 });
  const controller = new AbortController();
  const checking = events(as(ROOT), { signal: controller.signal });
  const ended = checking.catch((error: unknown) => error);
  await clock.advance(3000);
  expect(metrics.text()).toContain("pond_meta_checks_running 1");
  controller.abort(new Error("enough"));
  expect(await world.run(ended)).toMatchObject({ message: "enough" });
  expect(metrics.text()).toContain("pond_meta_checks_running 0");
  const { count } = calls;
  await clock.advance(10_000);
  expect(calls.count).toBe(count);
});

it("ends when who follows it stops early, and when nobody asks about it any more", async () => {
  const { world, clock, random, as, calls, metrics } = await setUp({ ms: 900 });
  const first = (async () => {
    for await (const event of checkOverRpc(as(ROOT))) return event.kind;
    return undefined;
  })();
  expect(await world.run(first)).toBe("progress");
  expect(metrics.text()).toContain("pond_meta_checks_running 0");
  await world.run(as(ROOT).ask(FSCK, question(newRandomId<RequestId>(random))));
  expect(metrics.text()).toContain("pond_meta_checks_running 1");
  for (let waitedMs = 0; waitedMs < IDLE_MS; waitedMs += 100) await clock.advance(100);
  expect(metrics.text()).toContain("pond_meta_checks_running 0");
  const { count } = calls;
  await clock.advance(10_000);
  expect(calls.count).toBe(count);
});

it("is one at a time, and known to its own service alone", async () => {
  const { world, random, as, checks } = await setUp({ ms: 900 });
  const meta = as(ROOT);
  const ask = (asked: FsckQuestion) => codeOf(world.run(meta.ask(FSCK, asked)));
  const check = newRandomId<RequestId>(random);
  expect(await ask(question(check))).toBeUndefined();
  expect(await ask(question(check))).toBeUndefined();
  const other = newRandomId<RequestId>(random);
  expect(await ask(question(other))).toBe("EBUSY");
  await world.run(checks.close());
  expect(await ask({ ...question(check), begin: undefined })).toBe("ESTALE");
});

it("refuses to look never, and too often", async () => {
  const { world, random, as } = await setUp();
  for (const looks of [0, 21]) {
    const asked = question(newRandomId<RequestId>(random), looks);
    expect(await codeOf(world.run(as(ROOT).ask(FSCK, asked)))).toBe("EINVAL");
  }
});

it("is asked for and told in bytes that stay what they are", () => {
  const asked = question("4e".repeat(16) as RequestId);
  const answer: FsckAnswer = {
    state: "done",
    look: 3,
    rows: 300,
    findings: [
      { code: "QUOTA_WRONG", severity: "leak", subject: "quota 5", detail: "é", repair: "possible" },
    ],
    report: { truncated: false, inodes: 4, entries: 3, rows: 300, findings: 1 },
  };
  const golden = {
    question: toHex(encode(FSCK.question, asked)),
    answer: toHex(encode(FSCK.answer, answer)),
  };
  expect(golden).toMatchInlineSnapshot(`
    {
      "answer": "0203ac02010b51554f54415f57524f4e47010771756f7461203502c3a90101000403ac0201",
      "question": "004e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e0101d007000000000000006400000000",
    }
  `);
  expect(decode(FSCK.question, fromHex(golden.question))).toEqual(asked);
  expect(decode(FSCK.answer, fromHex(golden.answer))).toEqual(answer);
});

function question(check: RequestId, looks = 1): FsckQuestion {
  const begin = { looks, pauseMs: 2000, repair: false };
  return { as: undefined, check, begin, after: 0, waitMs: 100, stop: false };
}
