import { diskError } from "@smallpond/base";
import { ManualClock, MemoryDisk } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { readLog } from "../../src/jobs/read-log.ts";
import { JobLog, type LogLine } from "../../src/storage/job-log.ts";

const PATH = "/job/log/job.jsonl";

function line(task: number): () => LogLine {
  return () => ({ time: "2026-01-01T00:00:00.000Z", level: "debug", event: "task-finished", job: "j", task });
}

async function tasks(disk: MemoryDisk): Promise<(number | undefined)[]> {
  const all: (number | undefined)[] = [];
  for await (const lines of readLog({ clock: new ManualClock(), disk }, PATH)) {
    all.push(...lines.map(({ task, event }) => (event === "log-lost" ? -1 : task)));
  }
  return all;
}

async function emptyDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await disk.mkdir("/job/log", { recursive: true });
  return disk;
}

test("lines are in the file when they are flushed, in order, after those of an earlier run", async () => {
  const disk = await emptyDisk();
  for (const run of [0, 1]) {
    const log = new JobLog(disk, PATH);
    for (let task = 0; task < 5; task++) log.add(line(run * 5 + task));
    if (run === 0) expect(await tasks(disk)).toEqual([]);
    await log.close();
  }
  expect(await tasks(disk)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a log that grows too large keeps its newest files only", async () => {
  const disk = await emptyDisk();
  const log = new JobLog(disk, PATH, { bytesMax: 1_000, filesMax: 3 });
  for (let task = 0; task < 100; task++) {
    log.add(line(task));
    await log.flush();
  }
  await log.close();
  const names = (await disk.readdir("/job/log")).map((entry) => entry.name);
  expect(names).toEqual(["job.1.jsonl", "job.2.jsonl", "job.jsonl"]);
  const kept = await tasks(disk);
  expect(kept.at(-1)).toBe(99);
  expect(kept).toEqual(Array.from(kept, (_, i) => 100 - kept.length + i));
  expect(kept.length).toBeLessThan(40);
});

test("lines wait for a disk that does not take them, and are not doubled when it does", async () => {
  const disk = await emptyDisk();
  let full = true;
  const stubborn = new Proxy(disk, {
    get: (target, name) => {
      if (name === "open" && full)
        return () => Promise.reject(diskError("ENOSPC", { operation: "open", path: PATH }));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const log = new JobLog(stubborn, PATH);
  for (let task = 0; task < 3; task++) log.add(line(task));
  await log.flush();
  expect(await tasks(disk)).toEqual([]);
  full = false;
  log.add(line(3));
  await log.close();
  expect(await tasks(disk)).toEqual([0, 1, 2, 3]);
});

test("more lines than are kept are counted in the log, not in memory", async () => {
  const disk = await emptyDisk();
  const log = new JobLog(disk, PATH, { bytesMax: 1e9, filesMax: 2 });
  for (let task = 0; task < 100_005; task++) log.add(line(task));
  await log.close();
  const kept = await tasks(disk);
  expect(kept.length).toBe(100_001);
  expect(kept.filter((task) => task === -1).length).toBe(1);
});

test("a line that a crash cut short is left out", async () => {
  const disk = await emptyDisk();
  await disk.writeFile(PATH, `${JSON.stringify(line(1)())}\n{"time":"2026-01-0`);
  expect(await tasks(disk)).toEqual([1]);
});
