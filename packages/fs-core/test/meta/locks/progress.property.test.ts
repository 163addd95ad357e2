/**
 * Processes that lock and unlock ranges of several files at random, and wait: nobody waits for ever, whatever they wait
 * for, and no two ever have what excludes each other.
 */
import { fc, test } from "@fast-check/vitest";
import { SeededRandom } from "@smallpond/base";
import { expect } from "vitest";
import { type InodeId, newRandomId, type RequestId } from "../../../src/ids.ts";
import type { FileLock, LockMode, LockOwner } from "../../../src/meta/locks/lock.ts";
import { loadLocks } from "../../../src/meta/locks/lock-rows.ts";
import { conflicts } from "../../../src/meta/locks/lock-table.ts";
import { releaseLocks } from "../../../src/meta/locks/release-locks.ts";
import { setLock } from "../../../src/meta/locks/set-lock.ts";
import { metaWorld, TestClient } from "../world.ts";

interface Wish {
  readonly file: number;
  readonly mode: LockMode;
  readonly begin: number;
  readonly length: number;
}

const wish: fc.Arbitrary<Wish> = fc.record({
  file: fc.nat(1),
  mode: fc.constantFrom("shared", "exclusive"),
  begin: fc.nat(3),
  length: fc.integer({ min: 1, max: 3 }),
});

/** Several wishes each; locks are kept until the last is granted, then all are given up. */
const scripts = fc.array(fc.array(wish, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 5 });

interface Process {
  readonly owner: LockOwner;
  readonly wishes: Wish[];
  ticket: RequestId;
}

test.prop([scripts, fc.nat(2 ** 30)], { numRuns: 60 })(
  "everybody gets what he waits for, or is told",
  async (all, seed) => {
    const chance = new SeededRandom(seed);
    const world = await metaWorld({ seed });
    const client = new TestClient(world);
    const files = [(await client.open("a")).file.id, (await client.open("b")).file.id];
    const ticket = (): RequestId => newRandomId<RequestId>(world.random);
    const processes = all.map(
      (wishes, at): Process => ({
        owner: { client: client.id, flavour: "posix", id: BigInt(at + 1) },
        wishes: [...wishes],
        ticket: ticket(),
      }),
    );
    let left = [...processes];
    for (let turn = 0; left.length > 0; turn++) {
      // A turn is one question: those who wait for a fixed number of others cannot need more than some for each.
      expect(turn).toBeLessThan(2000);
      const process = left[chance.int(left.length)]!;
      const [next] = process.wishes;
      const outcome = next === undefined ? "done" : await ask(process, next);
      if (outcome === "waiting") continue;
      process.ticket = ticket();
      if (outcome === "granted") process.wishes.shift();
      // Who would wait in a circle gives all up and begins with the rest.
      if (outcome !== "granted" || process.wishes.length === 0) await release(process);
      if (process.wishes.length === 0) left = left.filter((other) => other !== process);
      await expectExclusive();
    }
    await expectNothingLeft();

    async function ask(
      { owner, ticket: mine }: Process,
      { file, mode, begin, length }: Wish,
    ): Promise<string> {
      const range = { begin: BigInt(begin), end: BigInt(begin + length) };
      const lock: FileLock = { owner, mode, ...range, pid: 1 };
      const question = { inode: files[file]!, lock, wait: true, ticket: mine };
      try {
        return (await client.ask(setLock, question)).outcome;
      } catch (error) {
        expect((error as { code: string }).code).toBe("EDEADLK");
        return "circle";
      }
    }

    async function release({ owner }: Process): Promise<void> {
      for (const inode of files) await client.ask(releaseLocks, { inode, owner });
    }

    async function tables() {
      return world.run(
        world.metastore.transact((transaction) =>
          Promise.all(files.map((inode: InodeId) => loadLocks(transaction, inode))),
        ),
      );
    }

    async function expectExclusive(): Promise<void> {
      for (const { held } of await tables()) {
        for (const lock of held) expect(held.some((other) => conflicts(lock, other))).toBe(false);
      }
    }

    async function expectNothingLeft(): Promise<void> {
      for (const { held, waiting } of await tables()) expect([...held, ...waiting]).toEqual([]);
    }
  },
);
