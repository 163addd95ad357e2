import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CHUNK_BYTES, type ClientOptions, ClientWorld, codeOf, pattern } from "./world.ts";

let world: ClientWorld;
beforeEach(async () => {
  world = await ClientWorld.open();
});
afterEach(() => world.close());

const SMALL = { streamBlockBytes: 8192, streamBlocks: 4, readAheadBlockBytes: 8192, gatherBytes: 8192 };
const client = (options: ClientOptions = {}) => world.client({ ...SMALL, ...options });
const LENGTH = 3 * CHUNK_BYTES + 77;

describe("streams", () => {
  it("of Node carry a file out and in again", () =>
    world.run(async () => {
      const { fs } = client();
      await fs.writeFile("/a", pattern(LENGTH));
      const from = await fs.open("/a");
      const to = await fs.open("/b", "w+");
      const out = to.writable({ start: 5n });
      for await (const bytes of from.readable({ start: 1000n, end: 150_000n })) {
        if (!out.write(bytes)) await new Promise((resolve) => out.once("drain", resolve));
      }
      await new Promise<void>((resolve, reject) =>
        out.end((error?: Error | null) => (error ? reject(error) : resolve())),
      );
      // Not closed yet: ending the stream made it everybody's.
      const copy = await client().fs.readFile("/b");
      expect(copy.length).toBe(149_005);
      expect(Buffer.compare(copy.subarray(5), pattern(LENGTH).subarray(1000, 150_000))).toBe(0);
    }));

  it("of the web carry a file out and in again", () =>
    world.run(async () => {
      const { fs } = client();
      await fs.writeFile("/a", pattern(LENGTH));
      const from = await fs.open("/a");
      const to = await fs.open("/b", "w+");
      await from.readableWeb().pipeTo(to.writableWeb());
      expect(Buffer.compare(await fs.readFile("/b"), pattern(LENGTH))).toBe(0);
    }));

  it("ask for no more than so many pieces at once, and for none when nobody reads", () =>
    world.run(async () => {
      const { fs, io } = client();
      await fs.writeFile("/a", pattern(LENGTH));
      const file = await fs.open("/a");
      let most = 0;
      let now = 0;
      io.fault = async () => {
        now += 1;
        most = Math.max(most, now);
        await world.clock.sleep(5);
        now -= 1;
      };
      io.batches.length = 0;
      const reader = file.readableWeb().getReader();
      await reader.read();
      await world.clock.sleep(1000);
      expect(io.batches.length).toBeLessThanOrEqual(SMALL.streamBlocks + 1);
      await reader.cancel();
      expect(most).toBeLessThanOrEqual(SMALL.streamBlocks);
      expect(most).toBeGreaterThan(1);
    }));

  it("end where the file does when it is read there, and fail with the file's error", () =>
    world.run(async () => {
      const { fs, io } = client();
      const writer = await fs.open("/a", "w");
      await writer.write(pattern(100));
      const file = await fs.open("/a");
      let count = 0;
      for await (const bytes of file.readable() as AsyncIterable<Uint8Array>) {
        count += bytes.length;
        if (count === 100) await writer.write(pattern(50));
      }
      expect(count).toBe(100);
      await writer.sync();
      io.fault = async () => world.clock.sleep(1);
      const stop = new AbortController();
      const read = file.readable({ signal: stop.signal });
      stop.abort(new Error("enough"));
      await expect(read.toArray()).rejects.toThrow("enough");
      expect(await codeOf(file.readable({ start: -1n }).toArray())).toBe("EINVAL");
    }));
});

describe("reading ahead", () => {
  it("serves who reads from front to back, with the file's bytes", () =>
    world.run(async () => {
      const { fs, io } = client();
      const bytes = pattern(LENGTH);
      await fs.writeFile("/a", bytes);
      const file = await fs.open("/a");
      io.batches.length = 0;
      const waits: string[] = [];
      const into = new Uint8Array(4096);
      for (let at = 0; at < bytes.length; ) {
        const before = io.batches.length;
        const count = await file.read(into, { offset: BigInt(at) });
        expect(Buffer.compare(into.subarray(0, count), bytes.subarray(at, at + count))).toBe(0);
        waits.push(io.batches.length === before ? "ready" : "read");
        at += count;
      }
      expect(waits.filter((each) => each === "ready").length).toBeGreaterThan(waits.length / 3);
      expect(await file.read(into, { offset: BigInt(bytes.length) })).toBe(0);
    }));

  it("does not happen for random reads, nor while anybody writes the file", () =>
    world.run(async () => {
      const { fs, io } = client();
      await fs.writeFile("/a", pattern(LENGTH));
      const file = await fs.open("/a");
      const into = new Uint8Array(1000);
      io.batches.length = 0;
      for (let at = 0; at < 20; at++) await file.read(into, { offset: BigInt((at * 37_117) % 190_000) });
      expect(io.batches.every(({ items }) => items <= 2)).toBe(true);
      expect(io.batches).toHaveLength(20);
      const writer = await client().fs.open("/a", "r+");
      const second = await fs.open("/a");
      io.batches.length = 0;
      for (let at = 0; at < 20; at++) await second.read(into, { offset: BigInt(at * 1000) });
      expect(io.batches).toHaveLength(20);
      await writer.close();
    }));

  it("shows nothing that this client has overwritten since", () =>
    world.run(async () => {
      const { fs } = client();
      await fs.writeFile("/a", pattern(LENGTH));
      const file = await fs.open("/a");
      const into = new Uint8Array(1000);
      for (let at = 0; at < 5; at++) await file.read(into, { offset: BigInt(at * 1000) });
      const writer = await fs.open("/a", "r+");
      await writer.write(new Uint8Array(1000).fill(255), { offset: 5000n });
      await file.read(into, { offset: 5000n });
      expect(into.every((byte) => byte === 255)).toBe(true);
      await writer.close();
    }));

  it("gives its memory back when the file is closed in the middle", () =>
    world.run(async () => {
      const { fs, io, pool } = client();
      await fs.writeFile("/a", pattern(LENGTH));
      const file = await fs.open("/a");
      const into = new Uint8Array(1000);
      io.fault = async () => world.clock.sleep(50);
      for (let at = 0; at < 5; at++) await file.read(into, { offset: BigInt(at * 1000) });
      expect(pool.leases).toBeGreaterThan(0);
      await file.close();
      await world.clock.sleep(100);
      expect(pool.leases).toBe(0);
    }));
});

describe("copies", () => {
  it("have the bytes and the mode, and tell how far they are", () =>
    world.run(async () => {
      const { fs } = client();
      await fs.writeFile("/a", pattern(LENGTH), { mode: 0o600 });
      const told: number[] = [];
      await fs.copy("/a", "/b", { onProgress: (bytes) => told.push(bytes) });
      expect(Buffer.compare(await fs.readFile("/b"), pattern(LENGTH))).toBe(0);
      expect((await fs.stat("/b")).mode).toBe(0o600);
      expect(told.at(-1)).toBe(LENGTH);
      await fs.writeFile("/small", "x");
      await fs.copy("/small", "/b");
      expect((await fs.stat("/b")).size).toBe(1n);
    }));

  it("onto themselves are refused, and so are those over what must not be there", () =>
    world.run(async () => {
      const { fs } = client();
      await fs.writeFile("/a", pattern(LENGTH));
      await fs.link("/a", "/same");
      expect(await codeOf(fs.copy("/a", "/same"))).toBe("EINVAL");
      await fs.writeFile("/b", "b");
      expect(await codeOf(fs.copy("/a", "/b", { exclusive: true }))).toBe("EEXIST");
      expect(await codeOf(fs.copy("/none", "/c"))).toBe("ENOENT");
      expect((await fs.stat("/a")).size).toBe(BigInt(LENGTH));
    }));
});
