/** Planted bugs do harm: a checker that does not see it sees nothing. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { FileHandle } from "../../../src/client/file-system.ts";
import type { ClientBug } from "../../../src/client/fs/context.ts";
import { fsError } from "../../../src/meta/model/errors.ts";
import { ClientWorld, pattern } from "./world.ts";

let world: ClientWorld;
beforeEach(async () => {
  world = await ClientWorld.open();
});
afterEach(() => world.close());

interface Case {
  readonly change: (file: FileHandle) => Promise<void>;
  readonly waitMs: number;
  readonly readAheadBytes: number;
}

/** What a reader sees of a file that another client has changed since. */
async function seen(bug: ClientBug | undefined, { change, waitMs, readAheadBytes }: Case): Promise<string> {
  const { fs } = world.client({ readAheadBytes, readAheadBlockBytes: 4096, freshMs: 1000, bug });
  const other = world.client().fs;
  await other.writeFile("/a", pattern(50_000));
  const reader = await fs.open("/a");
  const into = new Uint8Array(1000);
  for (let at = 0; at < 4; at++) await reader.read(into, { offset: BigInt(at * 1000) });
  await world.clock.sleep(waitMs);
  const writer = await other.open("/a", "r+");
  await change(writer);
  await writer.close();
  const count = await reader.read(into, { offset: 4000n });
  await reader.close();
  return `${count} bytes of ${into[0]}`;
}

it("zeros-unasked: readers of a file that was cut see what was never there", () =>
  world.run(async () => {
    const change = (file: FileHandle) => file.truncate(10n);
    const cut = { change, waitMs: 0, readAheadBytes: 0 };
    expect(await seen("zeros-unasked", cut)).toBe("1000 bytes of 0");
    expect(await seen(undefined, cut)).toMatch(/^0 bytes/);
  }));

it("stale-ahead: readers see what is not there any more", () =>
  world.run(async () => {
    const change = (file: FileHandle) => file.write(new Uint8Array(5000).fill(255), { offset: 4000n });
    const overwritten = { change, waitMs: 2000, readAheadBytes: 100_000 };
    expect(await seen("stale-ahead", overwritten)).not.toBe("1000 bytes of 255");
    expect(await seen(undefined, overwritten)).toBe("1000 bytes of 255");
  }));

it("end-unasked: readers do not see what was added", () =>
  world.run(async () => {
    const counts: number[] = [];
    for (const bug of ["end-unasked", undefined] as const) {
      await world.client().fs.writeFile("/a", "12345");
      const reader = await world.client({ bug }).fs.open("/a");
      const writer = await world.client().fs.open("/a", "a");
      await writer.write(pattern(5));
      await writer.close();
      counts.push(await reader.read(new Uint8Array(10), { offset: 0n }));
    }
    expect(counts).toEqual([5, 10]);
  }));

it("close-unsettled: a session ends although something may still come", () =>
  world.run(async () => {
    for (const bug of ["close-unsettled", undefined] as const) {
      const { fs, io } = world.client({ bug });
      const file = await fs.open(`/${bug}`, "w");
      let settled = 0;
      io.fault = async () => {
        throw fsError("ETIMEDOUT", "write", "a chunk");
      };
      io.settle = async () => {
        settled += 1;
      };
      await file.write(pattern(5));
      await expect(file.close()).rejects.toMatchObject({ code: "ETIMEDOUT" });
      expect(settled).toBe(bug === undefined ? 1 : 0);
    }
  }));
