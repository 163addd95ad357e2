import { expect, it } from "vitest";
import { type InodeId, newRandomId, type RequestId } from "../../../src/ids.ts";
import { cancelLock } from "../../../src/meta/locks/cancel-lock.ts";
import {
  type FileLock,
  LOCK_END,
  LOCK_LIMITS,
  type LockMode,
  type LockOwner,
} from "../../../src/meta/locks/lock.ts";
import { lockedInodes } from "../../../src/meta/locks/lock-rows.ts";
import { releaseLocks } from "../../../src/meta/locks/release-locks.ts";
import { setLock } from "../../../src/meta/locks/set-lock.ts";
import { testLock } from "../../../src/meta/locks/test-lock.ts";
import { unlock } from "../../../src/meta/locks/unlock.ts";
import { prefixRange } from "../../../src/metastore/keys.ts";
import { codeOf, metaWorld, TestClient } from "../world.ts";

/** One process of a client. */
class Process {
  readonly client: TestClient;
  readonly owner: LockOwner;

  constructor(client: TestClient, id: number) {
    this.client = client;
    this.owner = { client: client.id, flavour: "posix", id: BigInt(id) };
  }

  lock(mode: LockMode, begin = 0, end: number | bigint = LOCK_END): FileLock {
    return { owner: this.owner, mode, begin: BigInt(begin), end: BigInt(end), pid: Number(this.owner.id) };
  }

  async ask(inode: InodeId, lock: FileLock, how: { wait?: boolean; ticket?: RequestId } = {}) {
    const { wait = true, ticket = this.ticket() } = how;
    return (await this.client.ask(setLock, { inode, lock, wait, ticket })).outcome;
  }

  ticket(): RequestId {
    return newRandomId<RequestId>(this.client.world.random);
  }

  unlock(inode: InodeId, begin = 0, end: number | bigint = LOCK_END) {
    const range = { begin: BigInt(begin), end: BigInt(end) };
    return this.client.ask(unlock, { inode, owner: this.owner, range });
  }
}

async function setUp() {
  const world = await metaWorld();
  const client = new TestClient(world);
  const files = [(await client.open("a")).file.id, (await client.open("b")).file.id] as const;
  const process = (id: number): Process => new Process(new TestClient(world), id);
  return { world, client, files, process };
}

it("is kept by rows that another service finds", async () => {
  const { files, process } = await setUp();
  const [one, two] = [process(1), process(2)];
  expect(await one.ask(files[0], one.lock("exclusive", 0, 10))).toBe("granted");
  expect(await codeOf(two.ask(files[0], two.lock("shared"), { wait: false }))).toBe("EAGAIN");
  const { inTheWay } = await two.client.ask(testLock, { inode: files[0], lock: two.lock("shared") });
  expect(inTheWay).toEqual(one.lock("exclusive", 0, 10));
  await one.unlock(files[0], 0, 5);
  expect(await two.ask(files[0], two.lock("exclusive", 0, 5), { wait: false })).toBe("granted");
});

it("goes to those who wait in the order in which they came", async () => {
  const { files, process } = await setUp();
  const [one, two, three] = [process(1), process(2), process(3)];
  const [second, third] = [two.ticket(), three.ticket()];
  const ask = (who: Process, ticket: RequestId) => who.ask(files[0], who.lock("exclusive"), { ticket });
  await one.ask(files[0], one.lock("exclusive"));
  expect(await ask(two, second)).toBe("waiting");
  expect(await ask(three, third)).toBe("waiting");
  await one.unlock(files[0]);
  expect(await ask(three, third)).toBe("waiting");
  expect(await ask(two, second)).toBe("granted");
  await two.unlock(files[0]);
  expect(await ask(three, third)).toBe("granted");
});

it("finds that two would wait for each other", async () => {
  const { files, process } = await setUp();
  const [one, two] = [process(1), process(2)];
  await one.ask(files[0], one.lock("exclusive"));
  await two.ask(files[1], two.lock("exclusive"));
  expect(await one.ask(files[1], one.lock("exclusive"))).toBe("waiting");
  expect(await codeOf(two.ask(files[0], two.lock("exclusive")))).toBe("EDEADLK");
  await two.unlock(files[1]);
  expect(await one.ask(files[1], one.lock("shared"))).toBe("granted");
});

it("finds a circle of three, and that of two who both want more than they share", async () => {
  const { files, process } = await setUp();
  const [one, two, three] = [process(1), process(2), process(3)];
  await one.ask(files[0], one.lock("exclusive", 0, 1));
  await two.ask(files[0], two.lock("exclusive", 1, 2));
  await three.ask(files[1], three.lock("exclusive"));
  expect(await one.ask(files[0], one.lock("shared", 1, 2))).toBe("waiting");
  expect(await two.ask(files[1], two.lock("shared"))).toBe("waiting");
  expect(await codeOf(three.ask(files[0], three.lock("shared", 0, 1)))).toBe("EDEADLK");
  const [four, five] = [process(4), process(5)];
  await three.unlock(files[1]);
  expect(await four.ask(files[1], four.lock("shared", 5, 6))).toBe("granted");
  expect(await five.ask(files[1], five.lock("shared", 5, 6))).toBe("granted");
  expect(await four.ask(files[1], four.lock("exclusive", 5, 6))).toBe("waiting");
  expect(await codeOf(five.ask(files[1], five.lock("exclusive", 5, 6)))).toBe("EDEADLK");
});

it("lets somebody overtake when the order of asking alone would make all wait for ever", async () => {
  const { files, process } = await setUp();
  const [holder, writer, reader] = [process(1), process(2), process(3)];
  await holder.ask(files[0], holder.lock("shared"));
  await reader.ask(files[1], reader.lock("exclusive"));
  expect(await writer.ask(files[0], writer.lock("exclusive"))).toBe("waiting");
  const ticket = reader.ticket();
  expect(await reader.ask(files[0], reader.lock("shared"), { ticket })).toBe("waiting");
  // The holder waits for the reader, who waits behind the writer, who waits for the holder.
  expect(await holder.ask(files[1], holder.lock("shared"))).toBe("waiting");
  expect(await reader.ask(files[0], reader.lock("shared"), { ticket })).toBe("granted");
});

it("gives all of an owner's locks up when it closes, and its place in the queue", async () => {
  const { files, process } = await setUp();
  const [one, two, three] = [process(1), process(2), process(3)];
  await one.ask(files[0], one.lock("exclusive", 0, 10));
  await two.ask(files[0], two.lock("exclusive", 5, 6));
  await two.client.ask(releaseLocks, { inode: files[0], owner: two.owner });
  await one.client.ask(releaseLocks, { inode: files[0], owner: one.owner });
  expect(await three.ask(files[0], three.lock("exclusive"))).toBe("granted");
});

it("gives a place in the queue up when the wait was interrupted", async () => {
  const { files, process } = await setUp();
  const [one, two, three] = [process(1), process(2), process(3)];
  const ticket = two.ticket();
  await one.ask(files[0], one.lock("shared"));
  await two.ask(files[0], two.lock("exclusive"), { ticket });
  await two.client.ask(cancelLock, { inode: files[0], ticket });
  expect(await three.ask(files[0], three.lock("shared"))).toBe("granted");
});

it("leaves no row behind", async () => {
  const { world, files, process } = await setUp();
  const [one, two] = [process(1), process(2)];
  await one.ask(files[0], one.lock("exclusive"));
  await two.ask(files[0], two.lock("exclusive"));
  const rows = () =>
    world.run(
      world.metastore.transact(async (transaction) => {
        const found = await Promise.all(
          ["LOCK", "CLCK", "LWAI"].map((name) =>
            transaction.range(prefixRange(new TextEncoder().encode(name))),
          ),
        );
        return found.map(({ entries }) => entries.length);
      }),
    );
  expect(await rows()).toEqual([1, 2, 1]);
  await two.client.ask(releaseLocks, { inode: files[0], owner: two.owner });
  await one.unlock(files[0]);
  expect(await rows()).toEqual([0, 0, 0]);
  expect(await world.run(world.metastore.transact((t) => lockedInodes(t, one.client.id, 10)))).toEqual([]);
});

it("refuses more locks than fit", async () => {
  const { files, process } = await setUp();
  const one = process(1);
  const every = Array.from({ length: LOCK_LIMITS.heldMax }, (_, at) => at);
  await Promise.all(
    every.slice(0, 20).map((at) => one.ask(files[0], one.lock("shared", 2 * at, 2 * at + 1))),
  );
  for (const at of every.slice(20)) await one.ask(files[0], one.lock("shared", 2 * at, 2 * at + 1));
  const last = 2 * LOCK_LIMITS.heldMax;
  expect(await codeOf(one.ask(files[0], one.lock("shared", last, last + 1)))).toBe("ENOLCK");
});

it("refuses who has no right to the file, and locks in the name of others", async () => {
  const { world, files, process } = await setUp();
  const stranger = new Process(new TestClient(world, { uid: 9, gid: 9 }), 1);
  await stranger.ask(files[0], stranger.lock("shared"));
  const { file } = await new TestClient(world).open("s", { create: { mode: 0o600, exclusive: true } });
  expect(await codeOf(stranger.ask(file.id, stranger.lock("shared")))).toBe("EACCES");
  expect(await codeOf(stranger.ask(files[0], process(2).lock("shared")))).toBe("EINVAL");
});
