import { expect, it } from "vitest";
import type { InodeId, SessionId } from "../../../src/ids.ts";
import { stat } from "../../../src/meta/ops/stat.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { close } from "../../../src/meta/sessions/close.ts";
import { dataOf } from "../../../src/meta/sessions/lengths.ts";
import { truncate } from "../../../src/meta/sessions/truncate.ts";
import { asFile, codeOf, metaWorld, placeOf, TestClient } from "../world.ts";

const BYTES = new Uint8Array(100).fill(1);

async function setUp(fault?: Parameters<typeof metaWorld>[0]) {
  const world = await metaWorld(fault);
  const client = new TestClient(world);
  const lengthOf = async (inode: InodeId): Promise<bigint> =>
    asFile((await client.ask(stat, { inode })).inode).length;
  const cut = (inode: InodeId, length: bigint, session?: SessionId) =>
    client.ask(truncate, { inode, length, session });
  const closed = async (name: string) => {
    const { file, session } = await client.open(name);
    await world.chunks.write(dataOf(file), session, { offset: 0n, bytes: BYTES });
    return asFile((await client.ask(close, { inode: file.id, session, wrote: true, hint: undefined })).inode);
  };
  return { world, client, lengthOf, cut, closed };
}

it("cuts what is written, and what is written later counts", async () => {
  const { world, client, lengthOf, cut } = await setUp();
  const { file, session } = await client.open("a");
  const write = (offset: bigint) => world.chunks.write(dataOf(file), session, { offset, bytes: BYTES });
  await write(0n);
  await cut(file.id, 40n, session);
  expect(await lengthOf(file.id)).toBe(40n);
  await write(10n);
  expect(await lengthOf(file.id)).toBe(110n);
});

it("makes a file longer without a byte on storage", async () => {
  const { lengthOf, cut, closed } = await setUp();
  const { id } = await closed("a");
  await cut(id, 5000n);
  expect(await lengthOf(id)).toBe(5000n);
});

it("is ended by whoever meets it when the service died after it began", async () => {
  const { world, lengthOf, cut, closed } = await setUp();
  const file = await closed("a");
  // The operation alone, as if its service had died before it told storage.
  const { inode } = await cut(file.id, 40n);
  expect(asFile(inode)).toMatchObject({ length: 40n, truncating: true });
  expect(await world.chunks.lengthOf(dataOf(file))).toBe(100n);
  expect(await lengthOf(file.id)).toBe(40n);
  expect(await world.chunks.lengthOf(dataOf(file))).toBe(40n);
});

it("does not end a truncation twice", async () => {
  const { world, client, cut } = await setUp();
  const { file, session } = await client.open("a");
  await world.chunks.write(dataOf(file), session, { offset: 0n, bytes: BYTES });
  const begun = asFile((await cut(file.id, 40n, session)).inode);
  await world.run(world.deps.lengths.endTruncation(begun));
  await world.chunks.write(dataOf(file), session, { offset: 0n, bytes: BYTES });
  await world.run(world.deps.lengths.endTruncation(begun));
  expect(await world.chunks.lengthOf(dataOf(file))).toBe(100n);
});

it("cuts and extends a small file where it is, and moves it when it grows", async () => {
  const { client, cut } = await setUp();
  const made = await client.ask(writeFile, {
    place: placeOf("a"),
    mode: 0o644,
    exclusive: true,
    bytes: BYTES,
  });
  const { id } = made.inode;
  expect(asFile((await cut(id, 10n)).inode)).toMatchObject({ length: 10n, inline: true });
  expect(asFile((await cut(id, 4000n)).inode)).toMatchObject({ length: 4000n, inline: true });
  expect(asFile((await cut(id, 1_000_000n)).inode)).toMatchObject({ length: 1_000_000n, inline: false });
});

it("tells no length in between while a truncation is under way", async () => {
  const { world, client, lengthOf, cut } = await setUp();
  const { file, session } = await client.open("a");
  const seen = new Set<bigint>();
  for (let round = 0; round < 5; round++) {
    await world.chunks.write(dataOf(file), session, { offset: 0n, bytes: BYTES });
    const [before] = await Promise.all([lengthOf(file.id), cut(file.id, 40n, session), lengthOf(file.id)]);
    seen.add(before);
    expect(await lengthOf(file.id)).toBe(40n);
  }
  for (const length of seen) expect([40n, 100n]).toContain(length);
});

it("asks for the right to write, unless the file is open", async () => {
  const { world, client } = await setUp();
  const { file, session } = await client.open("a");
  const other = new TestClient(world, { uid: 7 });
  const question = { inode: file.id, length: 1n };
  expect(await codeOf(other.ask(truncate, { ...question, session: undefined }))).toBe("EACCES");
  expect(await codeOf(other.ask(truncate, { ...question, session }))).toBe("EBADF");
  expect(await codeOf(client.ask(truncate, { inode: file.id, length: 2n ** 51n, session }))).toBe("EFBIG");
});

it("does not count bytes that a truncation is about to cut when a writer closes", async () => {
  const { world, client, cut } = await setUp();
  const { file, session } = await client.open("a");
  await world.chunks.write(dataOf(file), session, { offset: 0n, bytes: BYTES });
  // The operation alone: storage has not heard of it.
  await cut(file.id, 40n, session);
  const report = { wrote: true, hint: { length: 100n, truncateVersion: 0 } };
  const told = await client.ask(close, { inode: file.id, session, ...report });
  expect(asFile(told.inode)).toMatchObject({ length: 40n, truncating: false });
});
