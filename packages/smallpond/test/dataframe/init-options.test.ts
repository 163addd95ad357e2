import { SeededRandom } from "@smallpond/base";
import { expect, test } from "vitest";
import { type InitOptions, resolveSettings, type SessionSettings } from "../../src/dataframe/init-options.ts";

const machine = { cores: 6, memoryBytes: 10 * 2 ** 30, homeDirectory: "/home/me", tempDirectory: "/tmp" };
const resolve = (options: InitOptions, environment: Record<string, string> = {}): SessionSettings =>
  resolveSettings(options, { environment, machine, random: new SeededRandom(1), nowMs: 1_767_225_600_000 });
const JOB = "0123456789abcdef0123456789abcdef";

test("without options or variables the machine decides", () => {
  const settings = resolve({});
  expect(settings).toMatchObject({
    jobTimeMs: 1_767_225_600_000,
    dataRoot: "/home/me/.smallpond/data",
    numExecutors: "auto",
    threads: 6,
    memoryBytes: 8 * 2 ** 30,
    timeZone: "UTC",
    int64: "bigint",
    progress: false,
  });
  expect(settings.jobId).toMatch(/^[0-9a-f]{32}$/);
});

const VARIABLES = {
  SP_JOBID: JOB,
  SP_JOB_TIME: "2026-02-03T04:05:06Z",
  SP_JOB_NAME: "nightly",
  SP_DATA_ROOT: "/data",
  SP_NUM_EXECUTORS: "3",
  SP_THREADS: "2",
  SP_MEMORY: "1 GiB",
  SP_TIME_ZONE: "Europe/Berlin",
  SP_PROGRESS: "lines",
};

test("variables set what arguments leave open", () => {
  expect(resolve({}, VARIABLES)).toMatchObject({
    jobId: JOB,
    jobTimeMs: Date.UTC(2026, 1, 3, 4, 5, 6),
    jobName: "nightly",
    dataRoot: "/data",
    numExecutors: 3,
    threads: 2,
    memoryBytes: 2 ** 30,
    timeZone: "Europe/Berlin",
    progress: "lines",
  });
});

test("every argument beats its variable", () => {
  const options = {
    jobId: "f".repeat(32),
    jobTime: new Date(0),
    jobName: "mine",
    dataRoot: "/mine",
    numExecutors: 0,
    threads: 1,
    memory: 2 ** 26,
    timeZone: "UTC",
    progress: false,
  } as const;
  expect(resolve(options, VARIABLES)).toMatchObject({
    jobId: "f".repeat(32),
    jobTimeMs: 0,
    jobName: "mine",
    dataRoot: "/mine",
    numExecutors: 0,
    threads: 1,
    memoryBytes: 2 ** 26,
    timeZone: "UTC",
    progress: false,
  });
});

test.each([
  [{ SP_NUM_EXECUTORS: "many" }, "numExecutors"],
  [{ SP_NUM_EXECUTORS: "" }, "numExecutors"],
  [{ SP_THREADS: "0" }, "threads"],
  [{ SP_JOB_TIME: "soon" }, "jobTime"],
  [{ SP_PLATFORM: "mpi" }, "platform"],
  [{ SP_MEMORY_ALLOCATOR: "jemalloc" }, "memoryAllocator"],
  [{ SP_BIND_NUMA_NODE: "1" }, "bindNumaNode"],
  [{ SP_RAY_ADDRESS: "auto" }, "Ray"],
  [{ SP_SPAWN: "1" }, "SP_SPAWN"],
  [{ SP_PROGRESS: "loud" }, "progress"],
])("the variables %j are refused, naming %s", (environment, named) => {
  expect(() => resolve({}, environment as never)).toThrow(named);
});
