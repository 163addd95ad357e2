import type { Disk } from "@smallpond/base";
import { MemoryDisk } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { checkTarget, type PublishTarget, publish, stagingPath } from "../../src/dataset/publish.ts";
import type { StoredDataset } from "../../src/dataset/stored-dataset.ts";
import { failureOf } from "../support/failure.ts";

const target = (more: Partial<PublishTarget> = {}): PublishTarget => ({
  path: "/out",
  singleFile: false,
  mode: "error",
  tag: "t1",
  owner: { host: "here", pid: 1, started: "1" },
  ...more,
});

/** Two partitions, the second of two files, as the tasks of a write leave them. */
async function written(disk: Disk, to: PublishTarget, text = "new"): Promise<StoredDataset> {
  const staging = stagingPath(to);
  await disk.mkdir(`${staging}/t0.a0`, { recursive: true });
  const file = async (name: string): Promise<StoredDataset["partitions"][number][number]> => {
    await disk.writeFile(`${staging}/t0.a0/${name}`, text);
    return { path: `${staging}/t0.a0/${name}`, rows: 1, bytes: 3 };
  };
  return { columns: [], partitions: [[await file("a")], [await file("b"), await file("c")]] };
}

const names = async (disk: Disk, path: string): Promise<string[]> =>
  (await disk.readdir(path)).map((entry) => entry.name).sort();

test("a new directory appears whole, with a file per partition and piece, and the staging goes", async () => {
  const disk = new MemoryDisk();
  const published = await publish(disk, await written(disk, target()), target());
  expect(await names(disk, "/out")).toEqual([
    "part-00000.parquet",
    "part-00001-1.parquet",
    "part-00001.parquet",
  ]);
  expect((await names(disk, "/")).filter((name) => name.includes("out"))).toEqual(["out"]);
  expect(published.partitions.map((files) => files.map((one) => one.path))).toEqual([
    ["/out/part-00000.parquet"],
    ["/out/part-00001.parquet", "/out/part-00001-1.parquet"],
  ]);
});

test("mode error refuses anything that is there, also if it came while the job ran", async () => {
  const disk = new MemoryDisk();
  const dataset = await written(disk, target());
  await checkTarget(disk, target());
  await disk.mkdir("/out");
  await checkTarget(disk, target());
  await disk.writeFile("/out/x", "mine");
  expect((await failureOf(publish(disk, dataset, target()))).code).toBe("TARGET_EXISTS");
  expect(await names(disk, "/out")).toEqual(["x"]);
});

test("overwrite replaces all that was there", async () => {
  const disk = new MemoryDisk();
  await disk.mkdir("/out/deep", { recursive: true });
  await disk.writeFile("/out/old.parquet", "old");
  const to = target({ mode: "overwrite" });
  await publish(disk, await written(disk, to), to);
  expect(await names(disk, "/out")).toEqual([
    "part-00000.parquet",
    "part-00001-1.parquet",
    "part-00001.parquet",
  ]);
  expect((await names(disk, "/")).filter((name) => name.includes("out"))).toEqual(["out"]);
});

test("append keeps what is there, and two appends do not meet", async () => {
  const disk = new MemoryDisk();
  for (const tag of ["t1", "t2"]) {
    const to = target({ mode: "append", tag });
    await publish(disk, await written(disk, to), to);
  }
  expect((await names(disk, "/out")).length).toBe(6);
});

test("a single file replaces one, never a directory, and takes no appends", async () => {
  const disk = new MemoryDisk();
  const file = { columns: [], partitions: [[{ path: "/s", rows: 1, bytes: 3 }]] };
  await disk.writeFile("/s", "new");
  const one = target({ path: "/one.parquet", singleFile: true });
  await publish(disk, file, one);
  expect(new TextDecoder().decode(await disk.readFile("/one.parquet"))).toBe("new");
  expect((await failureOf(checkTarget(disk, one))).code).toBe("TARGET_EXISTS");
  expect((await failureOf(checkTarget(disk, { ...one, mode: "append" }))).code).toBe("TARGET_EXISTS");
  await checkTarget(disk, { ...one, mode: "overwrite" });
  await disk.mkdir("/dir.parquet");
  expect((await failureOf(checkTarget(disk, { ...one, path: "/dir.parquet", mode: "overwrite" }))).code).toBe(
    "TARGET_EXISTS",
  );
});

test("the staging is beside the target, so that publishing is a rename on one file system", () => {
  expect(stagingPath(target({ path: "/a/b/out/" }))).toBe("/a/b/.out.pond-here~1~1~t1");
  expect(stagingPath(target({ path: "out" }))).toBe(".out.pond-here~1~1~t1");
});
