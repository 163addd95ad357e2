import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FileHandle } from "../../../src/client/file-system.ts";
import type { SessionId } from "../../../src/ids.ts";
import { fsError } from "../../../src/meta/model/errors.ts";
import { CHUNK_BYTES, type ClientOptions, ClientWorld, codeOf, pattern, sameBytes } from "./world.ts";

let world: ClientWorld;
beforeEach(async () => {
  world = await ClientWorld.open();
});
afterEach(() => world.close());

const client = (options: ClientOptions = {}) => world.client(options);

async function readAll(file: FileHandle, count: number = 1_000_000): Promise<Uint8Array> {
  const into = new Uint8Array(count);
  return into.subarray(0, await file.read(into, { offset: 0n }));
}

describe("bytes", () => {
  it("written across chunks come back, and the file is as long as they are", () =>
    world.run(async () => {
      const { fs } = client();
      const bytes = pattern(3 * CHUNK_BYTES + 123);
      const file = await fs.open("/a", "w+");
      await file.write(bytes, { offset: 0n });
      await file.close();
      expect((await fs.stat("/a")).size).toBe(BigInt(bytes.length));
      sameBytes(await fs.readFile("/a"), bytes);
      const read = await fs.open("/a");
      const part = new Uint8Array(CHUNK_BYTES);
      expect(await read.read(part, { offset: 1000n })).toBe(CHUNK_BYTES);
      expect(part).toEqual(bytes.subarray(1000, 1000 + CHUNK_BYTES));
      expect(await read.read(part, { offset: BigInt(bytes.length - 10) })).toBe(10);
      expect(await read.read(part, { offset: BigInt(bytes.length) })).toBe(0);
      expect(await read.read(part, { offset: 2n ** 62n })).toBe(0);
    }));

  it("that were never written between others are zeros", () =>
    world.run(async () => {
      const { fs } = client();
      const file = await fs.open("/a", "w+");
      await file.write(pattern(10), { offset: BigInt(5 * CHUNK_BYTES) });
      await file.sync();
      const bytes = await readAll(file);
      expect(bytes.length).toBe(5 * CHUNK_BYTES + 10);
      expect(bytes.subarray(0, 5 * CHUNK_BYTES).every((byte) => byte === 0)).toBe(true);
      sameBytes(bytes.subarray(5 * CHUNK_BYTES), pattern(10));
    }));

  it("gathered are seen by the handle, the path and other handles of the client before they are synced", () =>
    world.run(async () => {
      const { fs, io } = client();
      const file = await fs.open("/a", "w+");
      const other = await fs.open("/a", "r");
      await file.write(pattern(100), { offset: 0n });
      expect(io.batches.filter(({ call }) => call === "write")).toHaveLength(0);
      sameBytes(await readAll(other), pattern(100));
      await file.write(pattern(100, 1), { offset: 100n });
      expect((await fs.stat("/a")).size).toBe(200n);
      await file.write(pattern(100, 2), { offset: 200n });
      expect((await file.stat()).size).toBe(300n);
      expect(await fs.readFile("/a")).toHaveLength(300);
    }));

  it("that follow one another are gathered, and sent in large pieces", () =>
    world.run(async () => {
      const { fs, io } = client();
      const file = await fs.open("/a", "w+");
      const bytes = pattern(4 * CHUNK_BYTES);
      for (let at = 0; at < bytes.length; at += 1000) await file.write(bytes.subarray(at, at + 1000));
      await file.close();
      expect(io.batches.filter(({ call }) => call === "write").map(({ items }) => items)).toEqual([4]);
      sameBytes(await fs.readFile("/a"), bytes);
    }));

  it("overwritten while they are gathered or under way end as the last write has them", () =>
    world.run(async () => {
      const { fs, io } = client();
      io.fault = () => world.clock.sleep(20);
      const file = await fs.open("/a", "w+");
      for (let salt = 0; salt < 10; salt++)
        await file.write(pattern(100, salt), { offset: BigInt(salt * 30) });
      await file.sync();
      const bytes = await readAll(file);
      for (let salt = 0; salt < 9; salt++) {
        sameBytes(bytes.subarray(salt * 30, salt * 30 + 30), pattern(100, salt).subarray(0, 30));
      }
    }));

  it("of a large write go from the caller's memory, all chunks in one batch", () =>
    world.run(async () => {
      const { fs, io, pool } = client({ directBytes: CHUNK_BYTES });
      const file = await fs.open("/a", "w+");
      io.fault = async () => expect(pool.leases).toBe(0);
      await file.writev([pattern(CHUNK_BYTES), pattern(CHUNK_BYTES, 1)], { offset: 7n });
      expect(io.batches).toEqual([{ call: "write", items: 3 }]);
      const bytes = await readAll(file);
      sameBytes(bytes.subarray(7, 7 + CHUNK_BYTES), pattern(CHUNK_BYTES));
      sameBytes(bytes.subarray(7 + CHUNK_BYTES), pattern(CHUNK_BYTES, 1));
    }));

  it("are sent from the caller's memory when the pool has none", () =>
    world.run(async () => {
      const { fs } = client({ pool: { regionBytes: 4096, bytesMax: 4096, blockBytesMin: 4096 } });
      const file = await fs.open("/a", "w+");
      await file.write(pattern(1000));
      await file.write(pattern(1000, 1));
      sameBytes((await readAll(file)).subarray(1000), pattern(1000, 1));
    }));

  it("of many files are read in one batch", () =>
    world.run(async () => {
      const { fs, io } = client();
      const files: FileHandle[] = [];
      for (let at = 0; at < 5; at++) {
        const file = await fs.open(`/f${at}`, "w+");
        await file.write(pattern(CHUNK_BYTES + 10, at));
        await file.sync();
        files.push(file);
      }
      io.batches.length = 0;
      const requests = files.map((file, at) => ({
        file,
        offset: BigInt(at),
        into: new Uint8Array(CHUNK_BYTES),
      }));
      expect(await fs.readMany(requests)).toEqual([1, 2, 3, 4, 5].map(() => CHUNK_BYTES));
      expect(io.batches).toEqual([{ call: "read", items: 9 }]);
      for (const [at, { into }] of requests.entries()) {
        sameBytes(into, pattern(CHUNK_BYTES + 10, at).subarray(at, at + CHUNK_BYTES));
      }
    }));

  it("go into several buffers, and stop at the end", () =>
    world.run(async () => {
      const { fs } = client();
      await fs.writeFile("/a", pattern(10_000));
      const file = await fs.open("/a");
      const into = [new Uint8Array(4000), new Uint8Array(0), new Uint8Array(4000), new Uint8Array(4000)];
      expect(await file.readv(into, { offset: 1000n })).toBe(9000);
      sameBytes(into[2]!, pattern(10_000).subarray(5000, 9000));
    }));
});

describe("small files", () => {
  it("are written with their inode and read with one question", () =>
    world.run(async () => {
      const { fs, io, calls } = client();
      await fs.writeFile("/a", "hello");
      expect(calls).toEqual(["writeFile"]);
      calls.length = 0;
      expect(new TextDecoder().decode(await fs.readFile("/a"))).toBe("hello");
      expect(calls).toEqual(["openToRead"]);
      expect(io.batches).toEqual([]);
    }));

  it("that turn out too large, or are open, or are links, are written through an open file", () =>
    world.run(async () => {
      const { fs, calls } = client();
      await fs.writeFile("/a", pattern(5000));
      await fs.writeFile("/b", pattern(5000));
      expect(calls.filter((name) => name === "writeFile")).toHaveLength(1);
      const file = await fs.open("/c", "w");
      await fs.writeFile("/c", "x");
      await file.close();
      await fs.symlink("/c", "/l");
      await fs.writeFile("/l", "yz");
      expect(new TextDecoder().decode(await fs.readFile("/c"))).toBe("yz");
      sameBytes(await fs.readFile("/b"), pattern(5000));
    }));

  it("grow into chunks under a reader, who goes on", () =>
    world.run(async () => {
      const { fs } = client();
      const other = client();
      await fs.writeFile("/a", pattern(100));
      const reader = await fs.open("/a");
      const writer = await other.fs.open("/a", "r+");
      await writer.write(pattern(CHUNK_BYTES, 1), { offset: 100n });
      await writer.sync();
      const bytes = await readAll(reader);
      sameBytes(bytes.subarray(0, 100), pattern(100));
      sameBytes(bytes.subarray(100), pattern(CHUNK_BYTES, 1));
    }));
});

describe("lengths", () => {
  it("are asked for at the known end, so that what others wrote is read at once", () =>
    world.run(async () => {
      const writer = await client().fs.open("/a", "w");
      const reader = await client().fs.open("/a");
      for (let at = 0; at < 5; at++) {
        await writer.write(pattern(1000, at));
        await writer.sync();
        const into = new Uint8Array(1000);
        expect(await reader.read(into, { offset: BigInt(at * 1000) })).toBe(1000);
        sameBytes(into, pattern(1000, at));
      }
    }));

  it("are not asked for inside of what is known", () =>
    world.run(async () => {
      const { fs, calls } = client();
      await fs.writeFile("/a", pattern(50_000));
      const file = await fs.open("/a");
      calls.length = 0;
      for (let at = 0; at < 10; at++) await file.read(new Uint8Array(500), { offset: BigInt(at * 4000) });
      expect(calls).toEqual([]);
      await world.clock.sleep(6000);
      await file.read(new Uint8Array(500), { offset: 0n });
      expect(calls).toEqual(["openToRead"]);
    }));

  it("that others cut are noticed where bytes are missing", () =>
    world.run(async () => {
      const { fs } = client();
      const other = client();
      await fs.writeFile("/a", pattern(50_000));
      const reader = await fs.open("/a");
      await other.fs.truncate("/a", 100n);
      const into = new Uint8Array(1000);
      expect(await reader.read(into, { offset: 0n })).toBe(100);
      await other.fs.truncate("/a", 500n);
      expect(await reader.read(into, { offset: 0n })).toBe(500);
      expect(into.subarray(100, 500).every((byte) => byte === 0)).toBe(true);
    }));

  it("of data that was replaced and collected are the new data's", () =>
    world.run(async () => {
      const { fs } = client();
      const other = client();
      await fs.writeFile("/a", pattern(50_000));
      const reader = await fs.open("/a");
      await other.fs.writeFile("/a", pattern(30_000, 1));
      await world.clock.sleep(4000);
      const into = new Uint8Array(50_000);
      expect(await reader.read(into, { offset: 0n })).toBe(30_000);
      sameBytes(into.subarray(0, 30_000), pattern(30_000, 1));
    }));

  it("are cut and extended through a handle, with what was gathered", () =>
    world.run(async () => {
      const { fs } = client();
      const file = await fs.open("/a", "w+");
      await file.write(pattern(2 * CHUNK_BYTES));
      await file.truncate(1000n);
      sameBytes(await readAll(file), pattern(1000));
      await file.truncate(3000n);
      expect((await readAll(file)).length).toBe(3000);
      await file.write(pattern(10, 3), { offset: 2000n });
      await file.close();
      const bytes = await fs.readFile("/a");
      expect(bytes.length).toBe(3000);
      sameBytes(bytes.subarray(2000, 2010), pattern(10, 3));
    }));

  it("are reported from time to time, and storage need not be asked for them at the end", () =>
    world.run(async () => {
      const { fs, calls } = client();
      const file = await fs.open("/a", "w");
      await file.write(pattern(100));
      await world.clock.sleep(29_000);
      expect(calls).not.toContain("sync");
      await world.clock.sleep(2000);
      expect(calls).toContain("sync");
      await file.write(pattern(100));
      await file.close();
      expect((await fs.stat("/a")).size).toBe(200n);
    }));

  it("of sparse files may be very large", () =>
    world.run(async () => {
      const { fs } = client();
      const file = await fs.open("/a", "w+");
      const far = 2n ** 44n;
      await file.write(pattern(10), { offset: far });
      await file.sync();
      expect((await file.stat()).size).toBe(far + 10n);
      const into = new Uint8Array(20);
      expect(await file.read(into, { offset: far - 5n })).toBe(15);
      sameBytes(into.subarray(0, 15), Uint8Array.of(0, 0, 0, 0, 0, ...pattern(10)));
      // Beyond the last chunk that a file of such chunks can have.
      await file.truncate(2n ** 49n);
      expect(await file.read(into, { offset: 2n ** 49n - 10n })).toBe(10);
      expect(await codeOf(file.write(pattern(1), { offset: 2n ** 49n }))).toBe("EFBIG");
    }));
});

describe("appends", () => {
  it("of several clients never touch each other", () =>
    world.run(async () => {
      const handles = await Promise.all([0, 1, 2].map(() => client().fs.open("/log", "a")));
      for (let at = 0; at < 30; at++) {
        await Promise.all(handles.map((file, who) => file.write(new Uint8Array(100 + at).fill(who + 1))));
        if (at % 7 === 0) await handles[at % 3]!.sync();
      }
      for (const file of handles) await file.close();
      const bytes = await client().fs.readFile("/log");
      for (const who of [1, 2, 3]) {
        expect(bytes.filter((byte) => byte === who)).toHaveLength(30 * 100 + 435);
      }
      expect(bytes.length).toBe(3 * 3435);
    }));

  it("of one handle keep their order, small and large", () =>
    world.run(async () => {
      const { fs } = client({ directBytes: 2000, gatherBytes: 4096 });
      const file = await fs.open("/log", "a+");
      const all: number[] = [];
      for (let at = 0; at < 40; at++) {
        const bytes = pattern(at % 5 === 0 ? 3000 : 700, at);
        all.push(...bytes);
        await file.write(bytes, { offset: 0n });
      }
      expect(await readAll(file)).toEqual(Uint8Array.from(all));
    }));
});

describe("what goes wrong", () => {
  it("behind a write's back is told by the next write, sync or close, once", () =>
    world.run(async () => {
      const { fs, io } = client();
      for (const tell of ["write", "sync", "close"] as const) {
        io.fault = async (call) => {
          if (call === "write") throw fsError("ENOSPC", "write", "a chunk");
        };
        const file = await fs.open(`/${tell}`, "w");
        await file.write(pattern(10));
        await world.clock.sleep(2000);
        io.fault = async () => {};
        const asked = {
          write: () => file.write(pattern(10)),
          sync: () => file.sync(),
          close: () => file.close(),
        };
        const error = await asked[tell]().catch((each: unknown) => each);
        expect(error).toMatchObject({ code: "ENOSPC", message: expect.stringContaining(`"/${tell}"`) });
        if (tell !== "close") await file.close();
      }
    }));

  it("unknowably is settled before the session ends, and what happened after all counts", () =>
    world.run(async () => {
      const { fs, io, calls } = client();
      const file = await fs.open("/a", "w");
      await file.write(pattern(10));
      io.fault = async (_call, { data, capability }) => {
        const session = capability.current;
        expect(session.length).toBeGreaterThan(0);
        await world.chunks.write(data, "5".repeat(32) as SessionId, { offset: 0n, bytes: pattern(10) });
        throw fsError("ETIMEDOUT", "write", "a chunk");
      };
      const { settle } = io;
      io.settle = async () => {
        throw fsError("ETIMEDOUT", "write", "a session");
      };
      expect(await codeOf(file.sync())).toBe("ETIMEDOUT");
      io.settle = async (session) => {
        calls.push("settle");
        await settle.call(io, session);
      };
      calls.length = 0;
      await file.close();
      expect(calls).toEqual(["settle", "close"]);
      expect((await fs.stat("/a")).size).toBe(10n);
    }));

  it("with a session keeps it open if nobody can say what is still under way", () =>
    world.run(async () => {
      const { fs, io, calls } = client();
      const file = await fs.open("/a", "w");
      io.fault = async () => {
        throw fsError("ETIMEDOUT", "write", "a chunk");
      };
      io.settle = async () => {
        throw fsError("ETIMEDOUT", "write", "a session");
      };
      await file.write(pattern(10));
      expect(await codeOf(file.close())).toBe("ETIMEDOUT");
      expect(calls).not.toContain("close");
    }));

  it("with one file leaves the others alone", () =>
    world.run(async () => {
      const { fs, io } = client();
      const good = await fs.open("/good", "w");
      const bad = await fs.open("/bad", "w");
      io.fault = async (_call, { data }) => {
        if (data.inode === bad.inode) throw fsError("EIO", "write", "a chunk");
      };
      await good.write(pattern(10));
      await bad.write(pattern(10));
      await good.sync();
      expect(await codeOf(bad.sync())).toBe("EIO");
    }));

  it("with offsets and lengths has its errno", () =>
    world.run(async () => {
      const { fs } = client();
      const file = await fs.open("/a", "w+");
      const into = new Uint8Array(1);
      expect(await codeOf(file.read(into, { offset: -1n }))).toBe("EINVAL");
      expect(await codeOf(file.read(into, { offset: 2n ** 63n }))).toBe("EINVAL");
      expect(await codeOf(file.read(into, { offset: 1 as unknown as bigint }))).toBe("EINVAL");
      expect(await codeOf(file.write(into, { offset: -1n }))).toBe("EINVAL");
      expect(await codeOf(file.write(into, { offset: 1 as unknown as bigint }))).toBe("EINVAL");
      expect(await codeOf(file.write(into, { offset: 2n ** 50n }))).toBe("EFBIG");
      expect(await codeOf(file.write(into, { offset: 2n ** 63n }))).toBe("EINVAL");
      expect(await codeOf(file.truncate(-1n))).toBe("EINVAL");
      expect(await codeOf(file.truncate(2n ** 51n))).toBe("EFBIG");
      expect(await codeOf(fs.truncate("/a", 2n ** 51n))).toBe("EFBIG");
      expect((await file.stat()).size).toBe(0n);
    }));

  it("with a handle that is not open for that is EBADF, also after it was closed", () =>
    world.run(async () => {
      const { fs } = client();
      await fs.writeFile("/a", "x");
      const read = await fs.open("/a");
      const write = await fs.open("/a", "a");
      expect(await codeOf(read.write(pattern(1)))).toBe("EBADF");
      expect(await codeOf(read.truncate(0n))).toBe("EBADF");
      expect(await codeOf(write.read(new Uint8Array(1), { offset: 0n }))).toBe("EBADF");
      expect(await codeOf(write.read(new Uint8Array(0), { offset: 0n }))).toBe("EBADF");
      await Promise.all([read.close(), read.close(), write.close()]);
      expect(await codeOf(read.read(new Uint8Array(1), { offset: 0n }))).toBe("EBADF");
      expect(await codeOf(write.write(pattern(1)))).toBe("EBADF");
      expect(await codeOf(write.sync())).toBe("EBADF");
      await write.close();
    }));

  it("by an abort rejects with its reason, and leaves nothing of the caller's in use", () =>
    world.run(async () => {
      const { fs, io } = client({ directBytes: 1000 });
      const file = await fs.open("/a", "w+");
      await file.write(pattern(5000), { offset: 0n });
      const signal = AbortSignal.abort(new Error("enough"));
      await expect(file.read(new Uint8Array(10), { offset: 0n, signal })).rejects.toThrow("enough");
      await expect(file.write(pattern(10), { offset: 0n, signal })).rejects.toThrow("enough");
      await expect(fs.readFile("/a", { signal })).rejects.toThrow("enough");
      const stop = new AbortController();
      io.fault = async () => {
        stop.abort(new Error("enough now"));
        await world.clock.sleep(10);
      };
      await expect(file.write(pattern(5000), { offset: 0n, signal: stop.signal })).rejects.toThrow(
        "enough now",
      );
      io.fault = async () => {};
      await file.close();
    }));

  it.each([
    ["w+", { offset: 0n }],
    ["a+", {}],
  ] as const)("given up by their caller fail nobody else who reads the file (%s)", (flags, where) =>
    world.run(async () => {
      const { fs, io } = client({ directBytes: 1000 });
      const file = await fs.open("/a", flags);
      await file.write(pattern(5000));
      const reader = await fs.open("/a");
      const stop = new AbortController();
      io.fault = async (call) => {
        if (call !== "write") return;
        await world.clock.sleep(10);
        stop.signal.throwIfAborted();
      };
      const writing = file.write(pattern(5000), { ...where, signal: stop.signal });
      writing.catch(() => {});
      await world.clock.sleep(5);
      const reading = reader.read(new Uint8Array(100), { offset: 0n });
      stop.abort(new Error("given up"));
      await expect(writing).rejects.toThrow("given up");
      expect(await reading).toBe(100);
      io.fault = async () => {};
      await file.close();
      await reader.close();
    }),
  );
});

describe("capabilities", () => {
  it("are renewed when storage says that they expired, for readers and writers", () =>
    world.run(async () => {
      const { fs, io } = client();
      const file = await fs.open("/a", "w+");
      await file.write(pattern(CHUNK_BYTES));
      await file.sync();
      const reader = await fs.open("/a");
      const shown = new Set<Uint8Array>();
      io.fault = async (_call, { capability }) => {
        const expired = capability.current;
        await capability.renew(expired, {});
        shown.add(capability.current);
        expect(capability.current).not.toBe(expired);
      };
      await world.clock.sleep(10);
      await file.write(pattern(10), { offset: 0n });
      await file.sync();
      await reader.read(new Uint8Array(10), { offset: 0n });
      expect(shown.size).toBe(2);
    }));

  it("of files that are open to write are exchanged before they are old", () =>
    world.run(async () => {
      const { fs, calls } = client({ capabilityMs: 60_000 });
      await fs.open("/a", "w");
      await world.clock.sleep(61_000);
      expect(calls.filter((name) => name === "sync")).toHaveLength(1);
    }));
});
