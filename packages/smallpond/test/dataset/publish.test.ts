import type { Disk } from "@smallpond/base";
import { MemoryDisk } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { checkTarget, openStaging, type PublishTarget, publish } from "../../src/dataset/publish.ts";
import { stagingPath } from "../../src/dataset/staging.ts";
import type { StoredDataset, StoredFile } from "../../src/dataset/stored-dataset.ts";
import { failureOf } from "../support/failure.ts";

const target = (more: Partial<PublishTarget> = {}): PublishTarget => ({
  path: "/out",
  singleFile: false,
  mode: "error",
  durable: null,
  extension: "parquet",
  tag: "t1",
  owner: { host: "here", pid: 1, started: "1" },
  ...more,
});

/** Writes some files as the tasks of a write leave them, and publishes them. */
async function write(
  disk: Disk,
  to: PublishTarget,
  files: readonly (readonly string[])[] = [["a"], ["b", "c"]],
): Promise<StoredDataset> {
  const staging = await openStaging(disk, to);
  const made = async (name: string, task: number): Promise<StoredFile> => {
    const slash = name.lastIndexOf("/");
    const folder = slash === -1 ? "" : name.slice(0, slash);
    const attempt = `${staging.path}/t${task}.a0`;
    await disk.mkdir(`${attempt}/${folder}`, { recursive: true });
    await disk.writeFile(`${attempt}/${name}`, name);
    return { path: `${attempt}/${name}`, folder, rows: 1, bytes: 3 };
  };
  const partitions = await Promise.all(
    files.map((names, task) => Promise.all(names.map((name) => made(name, task)))),
  );
  return await publish(disk, { columns: [], partitions }, to, staging);
}

const names = async (disk: Disk, path: string): Promise<string[]> =>
  (await disk.readdir(path)).map((entry) => entry.name).sort();

const around = async (disk: Disk): Promise<string[]> =>
  (await names(disk, "/")).filter((name) => name.includes("out"));

const TWO = ["part-00000.parquet", "part-00001-1.parquet", "part-00001.parquet"];

test("a new directory appears whole, with a file per partition and piece, and the staging goes", async () => {
  const disk = new MemoryDisk();
  const published = await write(disk, target());
  expect(await names(disk, "/out")).toEqual(TWO);
  expect(await around(disk)).toEqual(["out"]);
  expect(published.partitions.map((files) => files.map((one) => one.path))).toEqual([
    ["/out/part-00000.parquet"],
    ["/out/part-00001.parquet", "/out/part-00001-1.parquet"],
  ]);
});

test("directories that say values stay below the target, with files counted in each", async () => {
  const disk = new MemoryDisk();
  const published = await write(disk, target(), [["y=1/m=2/a", "y=1/m=2/b", "y=2/m=1/a"], ["y=1/m=2/a"]]);
  expect(published.partitions.flat().map((one) => one.path)).toEqual([
    "/out/y=1/m=2/part-00000.parquet",
    "/out/y=1/m=2/part-00000-1.parquet",
    "/out/y=2/m=1/part-00000.parquet",
    "/out/y=1/m=2/part-00001.parquet",
  ]);
  for (const file of published.partitions.flat()) expect(await disk.exists(file.path)).toBe(true);
});

test("mode error refuses anything that is there, also if it came while the job ran", async () => {
  const disk = new MemoryDisk();
  const staging = await openStaging(disk, target());
  await disk.mkdir("/out");
  await checkTarget(disk, target());
  await disk.writeFile("/out/x", "mine");
  const none = { columns: [], partitions: [] };
  expect((await failureOf(publish(disk, none, target(), staging))).code).toBe("TARGET_EXISTS");
  expect(await names(disk, "/out")).toEqual(["x"]);
});

test("overwrite replaces all that was there", async () => {
  const disk = new MemoryDisk();
  await disk.mkdir("/out/deep", { recursive: true });
  await disk.writeFile("/out/old.parquet", "old");
  await write(disk, target({ mode: "overwrite" }));
  expect(await names(disk, "/out")).toEqual(TWO);
  expect(await around(disk)).toEqual(["out"]);
});

test("append adds one directory per write, in order, and the first one is flat", async () => {
  const disk = new MemoryDisk();
  for (const tag of ["t1", "t2", "t0"]) await write(disk, target({ mode: "append", tag }));
  expect(await names(disk, "/out")).toEqual([...TWO, "part-append-00001-t2", "part-append-00002-t0"].sort());
  expect(await names(disk, "/out/part-append-00002-t0")).toEqual(TWO);
  expect(await around(disk)).toEqual(["out"]);
});

test("two writers at once: appends both stay, and the last of two overwrites stays whole", async () => {
  const disk = new MemoryDisk();
  await Promise.all(["t1", "t2"].map((tag) => write(disk, target({ mode: "append", tag }))));
  expect((await names(disk, "/out")).length).toBe(4);
  await Promise.all(
    ["t3", "t4"].map((tag) => write(disk, target({ mode: "overwrite", tag }), [[tag], [tag], [tag]])),
  );
  expect(await names(disk, "/out")).toEqual([
    "part-00000.parquet",
    "part-00001.parquet",
    "part-00002.parquet",
  ]);
  const contents = await Promise.all(
    (await names(disk, "/out")).map(async (name) => String(await disk.readFile(`/out/${name}`))),
  );
  expect(new Set(contents).size).toBe(1);
  expect(await around(disk)).toEqual(["out"]);
});

test("a single file replaces one, never a directory, and takes no appends", async () => {
  const disk = new MemoryDisk();
  const one = target({ path: "/out.parquet", singleFile: true });
  await write(disk, one, [["a"]]);
  expect(new TextDecoder().decode(await disk.readFile("/out.parquet"))).toBe("a");
  expect((await failureOf(checkTarget(disk, one))).code).toBe("TARGET_EXISTS");
  expect((await failureOf(checkTarget(disk, { ...one, mode: "append" }))).code).toBe("TARGET_EXISTS");
  await write(disk, { ...one, mode: "overwrite" }, [["b"]]);
  expect(new TextDecoder().decode(await disk.readFile("/out.parquet"))).toBe("b");
  expect(await around(disk)).toEqual(["out.parquet"]);
  await disk.mkdir("/dir.parquet");
  expect((await failureOf(checkTarget(disk, { ...one, path: "/dir.parquet", mode: "overwrite" }))).code).toBe(
    "TARGET_EXISTS",
  );
});

test("a single file that came meanwhile is not replaced unless that was asked for", async () => {
  const disk = new MemoryDisk();
  const one = target({ path: "/out.parquet", singleFile: true });
  const staging = await openStaging(disk, one);
  await disk.writeFile(`${staging.path}/a`, "mine");
  const dataset = { columns: [], partitions: [[{ path: `${staging.path}/a`, rows: 1, bytes: 4 }]] };
  let calls = 0;
  disk.setFault(({ operation }) => {
    // Right before the name is given, another one has it.
    if (operation === "link" && calls++ === 0) return "EEXIST";
    return undefined;
  });
  expect((await failureOf(publish(disk, dataset, one, staging))).code).toBe("TARGET_EXISTS");
});

test("what is replaced stays on the disk until what replaces it is there; the rest is synced when asked to", async () => {
  const syncs = async (more: Partial<PublishTarget>): Promise<number> => {
    const disk = new MemoryDisk();
    await disk.mkdir("/out");
    if (more.mode === "overwrite") await disk.writeFile("/out/old", "old");
    let count = 0;
    disk.setFault(({ operation }) => {
      if (operation === "sync") count++;
      return undefined;
    });
    await write(disk, target(more));
    return count;
  };
  expect(await syncs({})).toBe(0);
  expect(await syncs({ durable: true })).toBe(3);
  expect(await syncs({ mode: "overwrite" })).toBe(3);
  expect(await syncs({ mode: "overwrite", durable: false })).toBe(0);
});

test("the staging is beside the target, so that publishing is a rename on one file system", () => {
  const to = target();
  expect(stagingPath({ path: "/a/b/out", inside: false }, to)).toBe("/a/b/.out.pond-here~1~1~t1");
  expect(stagingPath({ path: "out", inside: false }, to)).toBe(".out.pond-here~1~1~t1");
  expect(stagingPath({ path: "/a/out", inside: true }, to)).toBe("/a/out/.out.pond-here~1~1~t1");
});
