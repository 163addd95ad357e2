import { expect, it } from "vitest";
import { newRandomId, type RequestId } from "../../../src/ids.ts";
import { dataOf } from "../../../src/meta/sessions/lengths.ts";
import { reserveAppend } from "../../../src/meta/sessions/reserve-append.ts";
import { truncate } from "../../../src/meta/sessions/truncate.ts";
import { codeOf, metaWorld, type OpenFile, TestClient } from "../world.ts";

const BYTES = new Uint8Array(10).fill(1);

async function setUp() {
  const world = await metaWorld();
  const client = new TestClient(world);
  const reserve = (open: OpenFile, bytes = 10, request = newRandomId<RequestId>(world.random)) =>
    client.ask(reserveAppend, { inode: open.file.id, session: open.session, bytes, request });
  return { world, client, reserve };
}

it("gives ranges out one after another", async () => {
  const { client, reserve } = await setUp();
  const [a, b] = [await client.open("a", { append: true }), await client.open("a", { append: true })];
  expect((await reserve(a)).offset).toBe(0n);
  expect((await reserve(b, 5)).offset).toBe(10n);
  expect((await reserve(a)).offset).toBe(15n);
});

it("gives the same range to a copy of the request", async () => {
  const { world, client, reserve } = await setUp();
  const open = await client.open("a", { append: true });
  const request = newRandomId<RequestId>(world.random);
  expect((await reserve(open, 10, request)).offset).toBe(0n);
  expect((await reserve(open, 10, request)).offset).toBe(0n);
  expect((await reserve(open)).offset).toBe(10n);
});

it("goes behind what others wrote without asking", async () => {
  const { world, client, reserve } = await setUp();
  const [append, plain] = [await client.open("a", { append: true }), await client.open("a")];
  expect((await reserve(append)).offset).toBe(0n);
  await world.chunks.write(dataOf(plain.file), plain.session, { offset: 90n, bytes: BYTES });
  expect((await reserve(append)).offset).toBe(100n);
});

it("begins anew after a truncation", async () => {
  const { world, client, reserve } = await setUp();
  const open = await client.open("a", { append: true });
  await reserve(open, 100);
  await world.chunks.write(dataOf(open.file), open.session, { offset: 0n, bytes: BYTES });
  await client.ask(truncate, { inode: open.file.id, length: 3n, session: undefined });
  expect(await reserve(open)).toEqual({ offset: 3n, truncateVersion: 1 });
});

it("refuses what would be too large, and what is nothing", async () => {
  const { client, reserve } = await setUp();
  const open = await client.open("a", { append: true });
  expect(await codeOf(reserve(open, 2 ** 50 + 1))).toBe("EFBIG");
  expect(await codeOf(reserve(open, 0))).toBe("EINVAL");
  expect((await reserve(open)).offset).toBe(0n);
});
