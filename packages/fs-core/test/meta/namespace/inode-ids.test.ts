import { SeededRandom } from "@smallpond/base";
import { expect, test } from "vitest";
import type { InodeId } from "../../../src/ids.ts";
import { InodeIds } from "../../../src/meta/inodes/inode-ids.ts";
import { TestNamespace } from "./namespace.ts";

test("no id is given twice, by many services at once, and none is one that is always there", async () => {
  const namespace = await TestNamespace.start();
  const { metastore } = namespace;
  const services = Array.from(
    { length: 8 },
    (_, seed) => new InodeIds({ metastore, random: new SeededRandom(seed) }),
  );
  const taken = await namespace.eventually(
    Promise.all(services.flatMap((ids) => Array.from({ length: 5000 }, () => ids.take()))),
  );
  expect(new Set(taken).size).toBe(40_000);
  expect(taken.every((id) => id > 4096n)).toBe(true);
});

test("services that have one shard do not give the same ids", async () => {
  const namespace = await TestNamespace.start();
  const { metastore } = namespace;
  const random = { int: () => 5 } as unknown as SeededRandom;
  const [one, two] = [new InodeIds({ metastore, random }), new InodeIds({ metastore, random })];
  const taken: InodeId[] = [];
  for (let round = 0; round < 6000; round++) {
    taken.push(await namespace.eventually(one.take()), await namespace.eventually(two.take()));
  }
  expect(new Set(taken).size).toBe(12_000);
});

test("a service that cannot get ids says so, and goes on when it can", async () => {
  const namespace = await TestNamespace.start();
  let broken = true;
  const metastore = {
    begin: namespace.metastore.begin.bind(namespace.metastore),
    transact: ((body, options) =>
      broken
        ? Promise.reject(new Error("away"))
        : namespace.metastore.transact(body, options)) as typeof namespace.metastore.transact,
  };
  const ids = new InodeIds({ metastore, random: new SeededRandom(1) });
  await expect(ids.take()).rejects.toThrow("away");
  broken = false;
  expect(await namespace.eventually(ids.take())).toBeGreaterThan(4096n);
});
