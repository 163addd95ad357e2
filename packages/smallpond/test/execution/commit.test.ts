import { MemoryDisk } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { commitOnce } from "../../src/execution/commit.ts";
import type { Output, WrittenFile } from "../../src/execution/task.ts";

function outputOf(attempt: number): Output {
  return {
    directory: `/stage/t0.a${attempt}`,
    marker: "/stage/t0.done",
    name: "part-0",
    partitionBy: null,
    metadata: {},
    hive: null,
    fileSizeBytes: null,
    format: { kind: "staging" },
  };
}

/** Writes one file the way a task does. */
async function writeOne(disk: MemoryDisk, output: Output): Promise<WrittenFile[]> {
  await disk.mkdir(output.directory);
  const path = `${output.directory}/part-0.parquet`;
  await disk.writeFile(path, output.directory);
  return [{ path, rows: 1, bytes: output.directory.length, partition: null }];
}

async function newStage(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await disk.mkdir("/stage");
  return disk;
}

const names = async (disk: MemoryDisk): Promise<string[]> =>
  (await disk.readdir("/stage")).map((entry) => entry.name);

test("the first attempt that ends counts; a later one does not even start", async () => {
  const disk = await newStage();
  const first = await commitOnce(disk, outputOf(0), () => writeOne(disk, outputOf(0)));
  let started = false;
  const second = await commitOnce(disk, outputOf(1), () => {
    started = true;
    return writeOne(disk, outputOf(1));
  });
  expect(second).toEqual(first);
  expect(started).toBe(false);
  expect(await names(disk)).toEqual(["t0.a0", "t0.done"]);
});

test("of attempts that run at the same time exactly one counts, all of them say which, and the rest leave nothing", async () => {
  const disk = await newStage();
  const attempts = [0, 1, 2, 3].map((attempt) =>
    commitOnce(disk, outputOf(attempt), () => writeOne(disk, outputOf(attempt))),
  );
  const results = await Promise.all(attempts);
  expect(new Set(results.map((files) => files[0]!.path)).size).toBe(1);
  const winner = results[0]![0]!.path.slice("/stage/".length, -"/part-0.parquet".length);
  expect(await names(disk)).toEqual([winner, "t0.done"].sort());
});

test("an attempt that fails leaves no marker, and the next one counts", async () => {
  const disk = await newStage();
  const failing = commitOnce(disk, outputOf(0), () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  const files = await commitOnce(disk, outputOf(1), () => writeOne(disk, outputOf(1)));
  expect(files[0]!.path).toBe("/stage/t0.a1/part-0.parquet");
});

test("a marker is whole or not there, whichever call the attempt dies at", async () => {
  for (let calls = 0; ; calls++) {
    const disk = await newStage();
    let left = calls;
    disk.setFault(() => (left-- > 0 ? undefined : "EIO"));
    const first = await commitOnce(disk, outputOf(0), () => writeOne(disk, outputOf(0))).then(
      () => "done",
      () => "died",
    );
    disk.setFault(() => undefined);
    const files = await commitOnce(disk, outputOf(1), () => writeOne(disk, outputOf(1)));
    expect(await disk.exists(files[0]!.path)).toBe(true);
    if (first === "done") {
      expect(calls).toBeGreaterThan(4);
      return;
    }
  }
});
