import { NO_PROBES } from "@smallpond/base";
import { expect, it } from "vitest";
import { type ClientId, newRandomId, type RequestId } from "../../../src/ids.ts";
import { LOCK_END, type LockOwner } from "../../../src/meta/locks/lock.ts";
import { setLock } from "../../../src/meta/locks/set-lock.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { stat } from "../../../src/meta/ops/stat.ts";
import { CLIENT_SHARDS } from "../../../src/meta/sessions/client-scan.ts";
import type { ClientState } from "../../../src/meta/sessions/client-view.ts";
import { close } from "../../../src/meta/sessions/close.ts";
import { dataOf } from "../../../src/meta/sessions/lengths.ts";
import { SessionReaper } from "../../../src/meta/sessions/session-reaper.ts";
import { DEFAULT_SESSION_SETTINGS } from "../../../src/meta/sessions/settings.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { asFile, codeOf, metaWorld, type OpenFile, placeOf, TestClient } from "../world.ts";

const BYTES = new Uint8Array(50).fill(1);
const GRACE_MS = DEFAULT_SESSION_SETTINGS.clientGraceMs;

async function setUp() {
  let storageDown = false;
  const world = await metaWorld({
    fault: async (call) => {
      if (storageDown && call === "revoke") throw new Error("a storage service does not answer");
    },
  });
  const states = new Map<ClientId, ClientState>();
  const { metastore, chunks, clock, deps } = world;
  const reaper = new SessionReaper(
    {
      metastore,
      chunks,
      lengths: deps.lengths,
      clients: { states: async (clients) => clients.map((client) => states.get(client) ?? "alive") },
      clock,
      log: silentLogger(),
      metrics: new Metrics(),
      probes: NO_PROBES,
    },
    DEFAULT_SESSION_SETTINGS,
  );
  const reapAll = async () => {
    for (let shard = 0; shard < CLIENT_SHARDS; shard++) await world.run(reaper.reap(shard));
  };
  const reapAfterGrace = async () => {
    await reapAll();
    await clock.advance(GRACE_MS);
    await reapAll();
  };
  const lock = (client: TestClient, open: OpenFile, how: { wait: boolean }) => {
    const owner: LockOwner = { client: client.id, flavour: "posix", id: 1n };
    const wanted = { owner, mode: "exclusive", begin: 0n, end: LOCK_END, pid: 1 } as const;
    const ticket = newRandomId<RequestId>(world.random);
    return client.ask(setLock, { inode: open.file.id, lock: wanted, ticket, ...how });
  };
  const [dead, other] = [new TestClient(world), new TestClient(world)];
  const open = await dead.open("a");
  await world.chunks.write(dataOf(open.file), open.session, { offset: 0n, bytes: BYTES });
  await lock(dead, open, { wait: false });
  const setDown = (down: boolean): void => {
    storageDown = down;
  };
  return { world, dead, other, open, states, reapAll, reapAfterGrace, lock, setDown };
}

it("gives a file the length that its lost writer came to, then frees its locks", async () => {
  const { dead, other, open, states, reapAfterGrace, lock } = await setUp();
  states.set(dead.id, "gone");
  await reapAfterGrace();
  const { inode } = await other.ask(stat, { inode: open.file.id });
  expect(asFile(inode)).toMatchObject({ length: 50n, written: false });
  expect((await lock(other, open, { wait: false })).outcome).toBe("granted");
});

it("lets no late write through once the file's length is told", async () => {
  const { world, dead, open, states, reapAfterGrace } = await setUp();
  states.set(dead.id, "gone");
  await reapAfterGrace();
  const late = world.chunks.write(dataOf(open.file), open.session, { offset: 500n, bytes: BYTES });
  expect(await codeOf(late)).toBe("SESSION_REVOKED");
});

it("frees no lock before storage has refused its holder", async () => {
  const { world, dead, other, open, states, reapAll, lock, setDown } = await setUp();
  states.set(dead.id, "gone");
  await reapAll();
  await world.clock.advance(GRACE_MS);
  setDown(true);
  await expect(reapAll()).rejects.toThrow("does not answer");
  expect(await codeOf(lock(other, open, { wait: false }))).toBe("EAGAIN");
  expect(asFile((await other.ask(stat, { inode: open.file.id })).inode).written).toBe(true);
  setDown(false);
  // Another look, as by a service that knows nothing of the first.
  await reapAll();
  expect((await lock(other, open, { wait: false })).outcome).toBe("granted");
});

it("refuses what a client asks that was given up, and comes back", async () => {
  const { dead, open, states, reapAfterGrace, lock } = await setUp();
  states.set(dead.id, "gone");
  await reapAfterGrace();
  const end = { inode: open.file.id, session: open.session, wrote: true, hint: undefined };
  expect(await codeOf(dead.ask(close, end))).toBe("ESTALE");
  expect(await codeOf(dead.open("a"))).toBe("ESTALE");
  // What it may have had a lock for.
  const made = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;
  expect(await codeOf(dead.ask(create, { place: placeOf("late"), ...made }))).toBe("ESTALE");
  expect(await codeOf(lock(dead, open, { wait: false }))).toBe("ESTALE");
});

it("refuses a marked session before its revocation has ended", async () => {
  const { world, dead, open, states, reapAll, setDown } = await setUp();
  states.set(dead.id, "gone");
  await reapAll();
  await world.clock.advance(GRACE_MS);
  setDown(true);
  await reapAll().catch(() => {});
  const end = { inode: open.file.id, session: open.session, wrote: true, hint: undefined };
  expect(await codeOf(dead.ask(close, end))).toBe("ESTALE");
});

it.each(["alive", "unknown"] as const)("takes nothing from a client that is %s", async (state) => {
  const { world, dead, open, states, reapAfterGrace } = await setUp();
  states.set(dead.id, state);
  await reapAfterGrace();
  await world.chunks.write(dataOf(open.file), open.session, { offset: 50n, bytes: BYTES });
  const hint = { length: 100n, truncateVersion: 0 };
  const end = { inode: open.file.id, session: open.session, wrote: true, hint };
  expect(asFile((await dead.ask(close, end)).inode).length).toBe(100n);
});

it("waits out the grace anew for a client that was heard of meanwhile", async () => {
  const { world, dead, open, states, reapAll } = await setUp();
  for (const state of ["gone", "alive", "gone"] as const) {
    states.set(dead.id, state);
    await reapAll();
    await world.clock.advance(GRACE_MS / 2);
  }
  await reapAll();
  const told = await dead.ask(close, {
    inode: open.file.id,
    session: open.session,
    wrote: false,
    hint: undefined,
  });
  expect(told.inode.id).toBe(open.file.id);
});

it("takes all of many sessions away", async () => {
  const { world, dead, other, states, reapAfterGrace } = await setUp();
  for (let at = 0; at < 25; at++) await dead.open(`f${at % 5}`);
  states.set(dead.id, "gone");
  await reapAfterGrace();
  expect(world.chunks.state.revoked.size).toBe(26);
  expect((await other.open("f0")).file.written).toBe(true);
});
