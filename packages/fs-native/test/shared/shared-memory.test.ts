import { spawnSync } from "node:child_process";
import { constants, ftruncateSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { NodeDisk } from "@smallpond/base/platform/node";
import {
  adoptSharedMemory,
  createSealedMemory,
  createSharedMemory,
  openBufferPool,
  openDiskQueue,
  openSharedMemory,
  removeSharedMemory,
} from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { coreAddon } from "../../src/platform/core-addon.ts";
import { AS_NOBODY, NOBODY_IS_SHUT_OUT } from "../as-nobody.ts";
import { startChild } from "../child.ts";
import { failureOf } from "../failure.ts";
import { missingNative } from "../missing-native.ts";

const MISSING = missingNative("memfdOpen");
const MIB = 2 ** 20;

/** A name that is free, in the system's memory file system; removed afterwards. */
async function inMemory<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = `/dev/shm/pond-test-${process.pid}-${names++}`;
  try {
    return await use(path);
  } finally {
    removeSharedMemory(path);
  }
}

let names = 0;

describe.skipIf(MISSING !== undefined)(`shared memory${MISSING ?? ""}`, () => {
  test("two mappings of one memory show each other's bytes; the name goes, the memory stays", async () => {
    await inMemory(async (path) => {
      using made = await createSharedMemory(path, { bytes: 100_000 });
      using opened = await openSharedMemory(path, { writable: true, bytesMin: 100_000 });
      expect(opened).toMatchObject({ name: path, bytes: 100_000, isWritable: true });
      expect(removeSharedMemory(path)).toBe(true);
      expect(removeSharedMemory(path)).toBe(false);
      new Uint8Array(made.region.buffer)[99_999] = 7;
      new Int32Array(opened.region.buffer, 0, 1)[0] = 5;
      expect(new Uint8Array(opened.region.buffer)[99_999]).toBe(7);
      expect(Atomics.load(new Int32Array(made.region.buffer, 0, 1), 0)).toBe(5);
    });
  });

  test("what is written to memory that was opened for reading stays here, and reading goes on", async () => {
    await inMemory(async (path) => {
      using made = await createSharedMemory(path, { bytes: 16_384 });
      using opened = await openSharedMemory(path);
      const theirs = new Uint8Array(made.region.buffer);
      const ours = new Uint8Array(opened.region.buffer);
      theirs[0] = 1;
      expect(ours[0]).toBe(1);
      ours[0] = 2;
      expect(theirs[0]).toBe(1);
      theirs[8_192] = 3;
      expect(ours[8_192]).toBe(3);
    });
  });

  test("a name is taken once, and what is there has the mode that was asked for", async () => {
    await inMemory(async (path) => {
      using _made = await createSharedMemory(path, { bytes: 10, mode: 0o666 });
      expect(statSync(path)).toMatchObject({ mode: 0o100666, size: 10 });
      const twice = await failureOf(createSharedMemory(path, { bytes: 10 }));
      expect(twice).toMatchObject({ code: "EEXIST", kind: "conflict", details: { name: path } });
      const small = await failureOf(openSharedMemory(path, { bytesMin: 11 }));
      expect(small).toMatchObject({ code: "TOO_SMALL", kind: "invalid" });
    });
    expect(await failureOf(openSharedMemory("/dev/shm/no-such-memory"))).toMatchObject({
      code: "ENOENT",
      message: "cannot open shared memory /dev/shm/no-such-memory: it does not exist",
    });
  });

  test("a link in a directory that everybody may write to is not followed", async () => {
    await inMemory(async (path) => {
      symlinkSync("/dev/zero", path);
      expect(await failureOf(openSharedMemory(path))).toMatchObject({ code: "EOTHER" });
    });
  });

  test.skipIf(NOBODY_IS_SHUT_OUT !== undefined)(
    `memory of somebody else is EACCES${NOBODY_IS_SHUT_OUT ?? ""}`,
    async () => {
      await inMemory(async (path) => {
        using _made = await createSharedMemory(path, { bytes: 10 });
        const child = startChild(new URL("./open.ts", import.meta.url), [path], { before: AS_NOBODY });
        expect(await child.line).toBe("EACCES");
        await child.ended;
      });
    },
  );

  test("a full memory file system is ENOSPC when memory is made, and nothing is left of it", async (context) => {
    await using directory = await new NodeDisk().tempDirectory();
    const small = `${directory.path}/small`;
    await mkdir(small);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", small]);
    if (mounted.status !== 0) return context.skip("this process may not mount a tmpfs");
    try {
      const failure = await failureOf(createSharedMemory(`${small}/a`, { bytes: 5 * MIB }));
      expect(failure).toMatchObject({
        code: "ENOSPC",
        kind: "unavailable",
        hint: expect.stringContaining("/dev/shm"),
      });
      expect(readdirSync(small)).toEqual([]);
      using fits = await createSharedMemory(`${small}/a`, { bytes: 3 * MIB });
      new Uint8Array(fits.region.buffer).fill(1);
      const again = await failureOf(createSharedMemory(`${small}/b`, { bytes: 3 * MIB }));
      expect(again).toMatchObject({ code: "ENOSPC" });
    } finally {
      spawnSync("umount", ["-l", small]);
    }
  });

  test("sealed memory cannot be made smaller, and unsealed memory is not adopted", async () => {
    using made = await createSealedMemory({ bytes: 2 * MIB, name: "test" });
    expect(() => ftruncateSync(made.descriptor, 0)).toThrow("EPERM");
    expect(() => ftruncateSync(made.descriptor, 4 * MIB)).toThrow("EPERM");
    await inMemory(async (path) => {
      const plain = await createSharedMemory(path, { bytes: 4_096 });
      const refused = await failureOf(adoptSharedMemory(duplicate(plain.descriptor)));
      expect(refused).toMatchObject({ code: "NOT_SEALED", kind: "invalid" });
      using trusted = await adoptSharedMemory(duplicate(plain.descriptor), { trusted: true, writable: true });
      expect(trusted.bytes).toBe(4_096);
      plain.close();
    });
  });

  test("disks read into it through leases, which go back before it closes", async () => {
    await using directory = await new NodeDisk().tempDirectory({ parent: process.cwd() });
    writeFileSync(`${directory.path}/file`, new Uint8Array(8_192).fill(9));
    await using queue = openDiskQueue();
    await using file = await queue.open(`${directory.path}/file`, { read: true, direct: "prefer" });
    using memory = await createSealedMemory({ bytes: 65_536 });
    using other = openBufferPool();
    const lease = memory.lease({ offset: 4_096, length: 8_192 });
    using plain = await other.take(4_096);
    await Promise.all([file.read(lease, 0), file.read(plain, 0)]);
    const bytes = new Uint8Array(memory.region.buffer);
    expect([bytes[4_095], bytes[4_096], bytes[12_287], bytes[12_288]]).toEqual([0, 9, 9, 0]);
    expect(() => memory.close()).toThrow("given back");
    lease.pass().release();
    expect(() => memory.lease({ offset: 65_536, length: 1 })).toThrow("within its memory");
  });

  test("memory that was closed is nobody's: views of it are empty", async () => {
    const memory = await createSealedMemory({ bytes: 4_096 });
    const view = new Uint8Array(memory.region.buffer);
    const word = new Int32Array(memory.region.buffer, 8, 1);
    view[0] = 1;
    memory.close();
    memory.close();
    expect([view.length, view[0], word.length]).toEqual([0, undefined, 0]);
    view[0] = 2;
    expect(() => Atomics.load(word, 0)).toThrow(TypeError);
    expect(() => memory.lease()).toThrow();
  });

  test("more than one slice of it is reserved", async () => {
    using memory = await createSealedMemory({ bytes: 150 * MIB });
    expect(statSync(`/proc/self/fd/${memory.descriptor}`).blocks * 512).toBe(150 * MIB);
  });
});

test("without the addon it is told that it is missing, and what would build it", async () => {
  const child = startChild(new URL("./open.ts", import.meta.url), ["/dev/shm/x"], {
    variables: { POND_NATIVE: "off" },
  });
  expect(await child.line).toBe("NATIVE_MISSING");
  expect((await child.ended).stdout).toContain("hint: build the addon");
});

/** Another descriptor of the same file, which the addon may take over. */
function duplicate(fd: number): number {
  const core = coreAddon();
  if (core.kind === "missing") throw new Error(core.reason);
  return core.addon.fdOpen(`/proc/self/fd/${fd}`, constants.O_RDWR, 0);
}
