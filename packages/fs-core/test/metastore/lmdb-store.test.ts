import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { isPondError } from "@smallpond/base";
import type { OrderedStore, StoreMutation } from "@smallpond/fs-core";
import { type LmdbStore, openLmdbStore } from "@smallpond/fs-core/platform";
import { afterEach, beforeEach, expect, test } from "vitest";

let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pond-lmdb-"));
});

afterEach(() => rm(directory, { recursive: true }));

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const set = (key: string, bytes: number): StoreMutation => ({
  kind: "set",
  key: utf8(key),
  value: new Uint8Array(bytes).fill(1),
});

async function own(store: OrderedStore): Promise<bigint> {
  return (await store.acquire({ after: await store.ownership(), owner: utf8("me") }))!;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `no error but ${String(await promise)}`;
  } catch (error) {
    return isPondError(error) ? error.code : String(error);
  }
}

async function filled(): Promise<void> {
  await using store = await openLmdbStore({ directory });
  const epoch = await own(store);
  for (let each = 0; each < 20; each++) await store.apply([set(`k${each}`, 10_000)], { epoch });
}

/** A file that is opened although it is damaged may end the process, so the check comes before. */
async function expectCorrupt(): Promise<void> {
  expect(await codeOf(openLmdbStore({ directory }))).toBe("STORE_CORRUPT");
}

test("rows and ownership are there when the store is opened again", async () => {
  await filled();
  await using store: LmdbStore = await openLmdbStore({ directory });
  const { epoch, owner } = await store.ownership();
  expect([epoch, new TextDecoder().decode(owner)]).toEqual([1n, "me"]);
  using snapshot = await store.snapshot();
  expect((await snapshot.get(utf8("k19")))?.length).toBe(10_000);
});

test("a file that is cut short is refused", async () => {
  await filled();
  const file = join(directory, "data.mdb");
  const { length } = await readFile(file);
  for (const bytes of [length - 4096, length / 2, 6000, 100]) {
    await truncate(file, Math.floor(bytes));
    await expectCorrupt();
  }
});

test("a file of something else is refused", async () => {
  await writeFile(join(directory, "data.mdb"), new Uint8Array(100_000).fill(7));
  await expectCorrupt();
  await writeFile(join(directory, "data.mdb"), "SQLite format 3");
  await expectCorrupt();
});

test("a file of another version of LMDB is refused", async () => {
  await filled();
  await using file = await open(join(directory, "data.mdb"), "r+");
  await file.write(Uint8Array.of(3, 0, 0, 0), 0, 4, 28);
  await expectCorrupt();
});

test("a row with a changed byte is refused, and the others are served", async () => {
  await filled();
  const file = join(directory, "data.mdb");
  const bytes = await readFile(file);
  // In the middle of the value of one row: a run of its bytes.
  const at = bytes.indexOf(Buffer.alloc(5000, 1));
  bytes[at + 2500] = 2;
  await writeFile(file, bytes);
  await using store = await openLmdbStore({ directory });
  using snapshot = await store.snapshot();
  const keys = Array.from({ length: 20 }, (_, each) => utf8(`k${each}`));
  const codes = await Promise.all(keys.map((key) => codeOf(snapshot.get(key).then(() => "a value"))));
  expect(codes.filter((code) => code === "STORE_CORRUPT").length).toBe(1);
  expect(codes.filter((code) => code === "no error but a value").length).toBe(19);
  const all = { begin: utf8("k"), end: utf8("l") };
  expect(await codeOf(snapshot.range(all, { limit: 100, reverse: false }))).toBe("STORE_CORRUPT");
});

test("a store of another format is refused", async () => {
  await filled();
  const { open: openLmdb } = await import("lmdb");
  const root = openLmdb<Uint8Array, Uint8Array>({ path: directory, overlappingSync: false, maxDbs: 4 });
  const facts = root.openDB<Uint8Array, Uint8Array>({
    name: "facts",
    encoding: "binary",
    keyEncoding: "binary",
    useVersions: true,
  });
  await facts.put(utf8("format"), Uint8Array.of(99), 0);
  await root.close();
  await expectCorrupt();
});

test("a store that has reached its size refuses rows until some are removed", async () => {
  await using store = await openLmdbStore({ directory, bytesMax: 2 ** 20 });
  const epoch = await own(store);
  const keys: string[] = [];
  let code = "";
  for (let each = 0; each < 100 && code === ""; each++) {
    keys.push(`k${each}`);
    const outcome = await codeOf(store.apply([set(`k${each}`, 50_000)], { epoch }));
    if (outcome !== "no error but applied") code = outcome;
  }
  expect(code).toBe("STORE_FULL");
  expect(keys.length).toBeGreaterThan(10);
  expect(await store.renew({ epoch })).toBe("applied");
  using before = await store.snapshot();
  expect((await before.get(utf8("k0")))?.length).toBe(50_000);
  expect(await before.get(utf8(keys.at(-1)!))).toBe(undefined);
  const clears = keys.map((key): StoreMutation => ({ kind: "clear", key: utf8(key) }));
  expect(await store.apply(clears, { epoch })).toBe("applied");
  expect(await store.apply([set("again", 50_000)], { epoch })).toBe("applied");
});

test("a store keeps room back for batches that free rows, and no more than that", async () => {
  await using store = await openLmdbStore({ directory, bytesMax: 2 ** 20, reserveBytes: 2 ** 18 });
  const epoch = await own(store);
  const fill = async (reserve: boolean): Promise<number> => {
    for (let each = 0; each < 100; each++) {
      const outcome = await codeOf(store.apply([set(`${reserve}${each}`, 20_000)], { epoch, reserve }));
      if (outcome === "STORE_FULL") return each;
      expect(outcome).toBe("no error but applied");
    }
    return 100;
  };
  expect(await fill(false)).toBeGreaterThan(20);
  const further = await fill(true);
  expect(further).toBeGreaterThan(5);
  expect(further).toBeLessThan(20);
  expect(await fill(false)).toBe(0);
});

test("many snapshots are open at once, and closing the store ends them", async () => {
  const store = await openLmdbStore({ directory });
  const epoch = await own(store);
  const snapshots = [];
  for (let each = 0; each < 200; each++) {
    await store.apply([set("k", each + 1)], { epoch });
    snapshots.push(await store.snapshot());
  }
  for (const [each, snapshot] of snapshots.entries()) {
    expect((await snapshot.get(utf8("k")))?.length).toBe(each + 1);
  }
  for (const snapshot of snapshots.slice(0, 100)) snapshot[Symbol.dispose]();
  await store.close();
  await expect(snapshots[150]!.get(utf8("k"))).rejects.toThrow("disposed");
});

test("a full disk refuses rows, keeps what was acknowledged, and takes rows again when there is room", async (context) => {
  const disk = join(directory, "disk");
  const mounted = await mountSmallDisk(disk, 20);
  if (!mounted) return context.skip("no small disk can be mounted here: that takes root");
  try {
    await using store = await openLmdbStore({ directory: join(disk, "store") });
    const epoch = await own(store);
    const keys: string[] = [];
    let code = "";
    for (let each = 0; each < 400 && code === ""; each++) {
      const outcome = await codeOf(store.apply([set(`k${each}`, 90_000)], { epoch }));
      if (outcome === "no error but applied") keys.push(`k${each}`);
      else code = outcome;
    }
    expect(code).toBe("STORE_FULL");
    expect(keys.length).toBeGreaterThan(100);
    using snapshot = await store.snapshot();
    const values = await snapshot.getMany(keys.map(utf8));
    expect(values.every((value) => value?.length === 90_000)).toBe(true);
    expect(await snapshot.get(utf8(`k${keys.length}`))).toBe(undefined);
    snapshot[Symbol.dispose]();
    await promisify(execFile)("mount", ["-o", "remount,size=40m", disk]);
    expect(await store.apply([set("again", 90_000)], { epoch })).toBe("applied");
  } finally {
    await promisify(execFile)("umount", ["-l", disk]);
  }
});

async function mountSmallDisk(path: string, megabytes: number): Promise<boolean> {
  await mkdir(path);
  try {
    await promisify(execFile)("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
    return true;
  } catch {
    return false;
  }
}
