/** Targets behind links, at mount points, on full, read-only and other file systems. */
import { readlinkSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { HAS_NAMESPACES, inNamespace } from "../support/namespace.ts";
import { openWorld, type World } from "../support/world.ts";

const ROWS = "SELECT range AS item FROM range(100)";

/** A folder on another file system than the world's. */
async function elsewhere(world: World): Promise<{ readonly path: string } & AsyncDisposable> {
  return await world.disk.tempDirectory({ parent: "/dev/shm", prefix: "pond-test-" });
}

test("a link to a directory on another file system stays a link, and the directory is what is written", async () => {
  await using world = await openWorld();
  await using there = await elsewhere(world);
  await world.disk.mkdir(`${there.path}/real`);
  symlinkSync(`${there.path}/real`, world.at("link"));
  const frame = world.sp.sql(ROWS);
  await frame.writeParquet(world.at("link"));
  await frame.writeParquet(world.at("link"), { mode: "append" });
  expect(await world.sp.readParquet(`${there.path}/real`).count()).toBe(200);
  await frame.writeParquet(world.at("link"), { mode: "overwrite" });
  expect(await world.sp.readParquet(world.at("link")).count()).toBe(100);
  expect(readlinkSync(world.at("link"))).toBe(`${there.path}/real`);
  expect((await world.disk.readdir(there.path)).map(({ name }) => name)).toEqual(["real"]);
});

test("a link to a file is written through", async () => {
  await using world = await openWorld();
  await using there = await elsewhere(world);
  await world.disk.writeFile(`${there.path}/real.csv`, "old");
  symlinkSync(`${there.path}/real.csv`, world.at("link.csv"));
  await world.sp.sql(ROWS).writeCsv(world.at("link.csv"), { mode: "overwrite" });
  expect(readlinkSync(world.at("link.csv"))).toBe(`${there.path}/real.csv`);
  expect(await world.sp.readCsv(`${there.path}/real.csv`).count()).toBe(100);
});

test.each(["writeParquet", "writeCsv", "writeJson", "writeArrow"] as const)(
  "%s makes what is missing above, here and on another file system",
  async (verb) => {
    await using world = await openWorld();
    await using there = await elsewhere(world);
    for (const root of [world.path, there.path]) {
      const written = await world.sp.sql(ROWS)[verb](`${root}/a/b/out`);
      expect(written.rows).toBe(100);
      expect((await world.disk.readdir(`${root}/a/b`)).map(({ name }) => name)).toEqual(["out"]);
    }
  },
);

test("a path through a file is refused before any work", async () => {
  await using world = await openWorld();
  await world.disk.writeFile(world.at("file"), "x");
  const error = await failureOf(
    world.sp.sql("SELECT error('worked')").writeParquet(world.at("file/deep/out")),
  );
  expect([error.code, error.message]).toEqual([
    "TARGET_NOT_WRITABLE",
    expect.stringContaining(world.at("file")),
  ]);
});

test.skipIf(!HAS_NAMESPACES)(
  "a mount point is written inside: new, appended, replaced (skipped without namespaces)",
  async () => {
    await using world = await openWorld();
    const counts = await inNamespace(
      world,
      "mkdir mnt && mount -t tmpfs -o size=50m tmpfs mnt && mkdir mnt/lost+found",
      `const rows = sp.sql("${ROWS}");
     const count = async () => [await sp.readParquet(at("mnt")).count(), fs.readdirSync(at("mnt")).filter((name) => name.startsWith(".")).length];
     const counts = [];
     await rows.writeParquet(at("mnt"));
     counts.push(await count());
     counts.push((await attempt(rows.writeParquet(at("mnt")))).code);
     await rows.writeParquet(at("mnt"), { mode: "append" });
     counts.push(await count());
     await rows.limit(7).writeParquet(at("mnt"), { mode: "overwrite" });
     counts.push(await count());
     return counts;`,
    );
    expect(counts).toEqual([[100, 0], "TARGET_EXISTS", [200, 0], [7, 0]]);
  },
);

test.skipIf(!HAS_NAMESPACES).each(["writeParquet", "writeCsv", "writeJson", "writeArrow"])(
  "%s on a disk that is full says so and leaves nothing (skipped without namespaces)",
  async (verb) => {
    await using world = await openWorld();
    const [error, left, after] = (await inNamespace(
      world,
      "mkdir small && mount -t tmpfs -o size=2m tmpfs small",
      `const rows = sp.sql("SELECT range AS item, random()::VARCHAR || uuid()::VARCHAR AS t FROM range(400000)").repartition(2, { byRows: true });
       const error = await attempt(rows.${verb}(at("small/out")));
       const left = fs.readdirSync(at("small"));
       const written = await sp.sql("SELECT 1 AS item").${verb}(at("small/out"));
       return [error, left, written.rows];`,
    )) as [{ code: string; message: string; hint: string }, string[], number];
    expect([error.code, error.message]).toEqual([
      "DISK_FULL",
      expect.stringContaining(`cannot write ${world.at("small/out")}: no space`),
    ]);
    expect(error.hint).toContain("free some space");
    expect([left, after]).toEqual([[], 1]);
  },
);

test.skipIf(!HAS_NAMESPACES)(
  "a read-only file system is refused before any work (skipped without namespaces)",
  async () => {
    await using world = await openWorld();
    const errors = (await inNamespace(
      world,
      "mkdir ro && mount -t tmpfs tmpfs ro && mkdir ro/full && touch ro/full/x && mount -o remount,ro ro",
      `const rows = sp.sql("SELECT error('worked')");
     return [await attempt(rows.writeParquet(at("ro/out"))), await attempt(rows.writeParquet(at("ro/full"), { mode: "overwrite" }))];`,
    )) as { code: string; message: string }[];
    expect(errors.map(({ code }) => code)).toEqual(["TARGET_NOT_WRITABLE", "TARGET_NOT_WRITABLE"]);
    expect(errors[0]!.message).toContain(`${world.at("ro")} is on a file system that is read-only`);
  },
);

test.skipIf(!HAS_NAMESPACES)(
  "a parent that may not be changed is refused before any work, unless the target is there and may be (skipped without namespaces)",
  async () => {
    await using world = await openWorld();
    const [error, rows, left] = (await inNamespace(
      world,
      "mkdir -p locked/mine && chmod 555 locked",
      `const error = await attempt(sp.sql("SELECT error('worked')").writeParquet(at("locked/out")));
       await sp.sql("${ROWS}").writeParquet(at("locked/mine"));
       await sp.sql("${ROWS}").limit(3).writeParquet(at("locked/mine"), { mode: "overwrite" });
       return [error, await sp.readParquet(at("locked/mine")).count(), fs.readdirSync(at("locked/mine"))];`,
      { without: "-dac_override,-dac_read_search" },
    )) as [{ code: string; message: string }, number, string[]];
    expect([error.code, error.message]).toEqual([
      "TARGET_NOT_WRITABLE",
      expect.stringContaining(`${world.at("locked")} may not be changed`),
    ]);
    expect([rows, left]).toEqual([3, ["part-00000.parquet"]]);
  },
);
