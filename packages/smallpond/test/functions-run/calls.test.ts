/** Calls of async functions: overlapping, limited, repeated, given up, and kept beside the rows; state and its end. */
import { expect, test } from "vitest";
import type { Row } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { isAlive, until } from "../support/processes.ts";
import { column, hundredRows, openWorld, type World } from "../support/world.ts";

const PLACES = [0, 1, 2];

test.each(PLACES)(
  "async results come in the order of the rows, whatever they take, with %i executors",
  async (numExecutors) => {
    await using world = await openWorld({ numExecutors });
    const frame = world.sp.readParquet(await hundredRows(world)).map(
      async (row: Row) => {
        await new Promise((resolve) => setTimeout(resolve, (row.item as number) % 5));
        return { item: row.item! };
      },
      { concurrency: 10 },
    );
    expect(await column(frame, "item")).toEqual(Array.from({ length: 100 }, (_, i) => i));
  },
);

test("as many calls are under way as concurrency says, and no more", async () => {
  await using world = await openWorld();
  let running = 0;
  let most = 0;
  const frame = world.sp.readParquet(await hundredRows(world)).map(
    async (row) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return { item: row.item! };
    },
    { concurrency: 7, inProcess: true },
  );
  expect(await frame.count()).toBe(100);
  expect(most).toBe(7);
});

test("a function that answers now and then at once is one that answers later", async () => {
  await using world = await openWorld();
  const frame = world.sp
    .readParquet(await hundredRows(world))
    .map((row: Row) =>
      (row.item as number) % 3 === 0 ? Promise.resolve({ i: row.item! }) : { i: row.item! },
    );
  expect(await column(frame, "i")).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test("a call that fails is tried again, and fails the job when it has failed often enough", async () => {
  await using world = await openWorld();
  const attempts = new Map<unknown, number>();
  const flaky = async (row: Row): Promise<Row> => {
    const attempt = (attempts.get(row.item) ?? 0) + 1;
    attempts.set(row.item, attempt);
    if (row.item === 3 && attempt < 3) throw new Error("busy");
    return { item: row.item! };
  };
  const frame = world.sp.fromItems(Array.from({ length: 5 }, (_, item) => ({ item })));
  const options = { retries: 2, inProcess: true };
  expect(await column(frame.map(flaky, options), "item")).toEqual([0, 1, 2, 3, 4]);
  expect(attempts.get(3)).toBe(3);
  attempts.clear();
  const error = await failureOf(frame.map(flaky, { ...options, retries: 1 }).takeAll());
  expect(error.code).toBe("FUNCTION_FAILED");
  expect(error.message).toContain("flaky() threw at row 3");
  expect(error.message).toContain("busy");
  expect(attempts.get(3)).toBe(2);
});

test("a call that takes too long is given up, told by its signal", async () => {
  await using world = await openWorld();
  let aborted = 0;
  const slow = async (row: Row, _args: undefined, { signal }: { signal: AbortSignal }): Promise<Row> => {
    signal.addEventListener("abort", () => {
      if (row.item === 2) aborted++;
    });
    if (row.item === 2) await new Promise(() => {});
    return { item: row.item! };
  };
  const frame = world.sp.fromItems([0, 1, 2, 3].map((item) => ({ item })));
  const error = await failureOf(frame.map(slow, { timeoutMs: 30, inProcess: true }).takeAll());
  expect(error.code).toBe("FUNCTION_TIMEOUT");
  expect(error.message).toContain("slow() took longer than 30 ms at row 2");
  expect(aborted).toBe(1);
});

test.each(PLACES)("failures are kept beside the rows, with %i executors", async (numExecutors) => {
  await using world = await openWorld({ numExecutors });
  const frame = world.sp.readParquet(await hundredRows(world)).map(
    async (row: Row) => {
      if ((row.item as number) % 10 === 0) throw new Error(`no ${String(row.item)}`);
      return { ...row, square: (row.item as number) ** 2 };
    },
    { onError: { column: "error" }, retries: 1 },
  );
  expect((await frame.schema()).map(({ name }) => name)).toEqual(["item", "g", "square", "error"]);
  const rows = await frame.takeAll();
  expect(rows.length).toBe(100);
  expect(rows[20]).toEqual({ item: 20, g: "g6", square: null, error: "no 20" });
  expect(rows[21]).toEqual({ item: 21, g: "g0", square: 441, error: null });
  expect(await frame.filter("error IS NULL").count()).toBe(90);
});

test("failures of a flatMap and of a function that is not async are kept too, also when every call fails", async () => {
  await using world = await openWorld();
  const items = world.sp.fromItems([1, 2, 3].map((item) => ({ item })));
  const keep = { onError: { column: "why" } } as const;
  const flat = items.flatMap((row: Row) => {
    if (row.item === 2) throw new Error("two");
    return [{ n: row.item! }, { n: row.item! }];
  }, keep);
  expect(await column(flat, "why")).toEqual([null, null, "two", null, null]);
  const none = items.map((): Row => {
    throw new Error("never");
  }, keep);
  expect(await none.takeAll()).toEqual([1, 2, 3].map((item) => ({ item, why: "never" })));
});

test("an abort stops calls that are under way, and new ones", async () => {
  await using world = await openWorld();
  let started = 0;
  const controller = new AbortController();
  const frame = world.sp.readParquet(await hundredRows(world)).map(
    async (row) => {
      if (++started === 20) controller.abort(new Error("enough"));
      await new Promise((resolve) => setTimeout(resolve, started >= 20 ? 60_000 : 1).unref());
      return { item: row.item! };
    },
    { inProcess: true },
  );
  const ended = await frame.takeAll({ signal: controller.signal }).catch((error: unknown) => error);
  expect((ended as Error).message).toBe("enough");
  expect(started).toBeLessThan(30);
});

test.each([
  [{ concurrency: 0 }, "concurrency"],
  [{ concurrency: 2_000 }, "concurrency"],
  [{ ratePerSecond: 0 }, "ratePerSecond"],
  [{ ratePerSecond: Number.NaN }, "ratePerSecond"],
  [{ retries: -1 }, "retries"],
  [{ timeoutMs: 0 }, "timeoutMs"],
  [{ timeoutMs: 2 ** 31 }, "timeoutMs"],
  [{ onError: "keep" }, "onError"],
  [{ onError: { column: "A" }, schema: { a: "BIGINT" } }, "onError"],
  [{ schema: {} }, "schema"],
  [{ retry: 3 }, "retry"],
])("the option %j is refused", async (options, named) => {
  await using world = await openWorld();
  const frame = world.sp.fromItems([{ a: 1 }]);
  const error = await failureOf(Promise.resolve().then(() => frame.map((row) => row, options as never)));
  expect(error.code).toBe("BAD_ARGUMENT");
  expect(error.message).toContain(named);
});

/** Leaves a file for every setup, call and teardown. */
async function stateful(world: World, numExecutors: number): Promise<string[]> {
  const sp = await world.open({ numExecutors });
  const parts = sp.readParquet(await hundredRows(world)).repartition(4, { byRows: true });
  const counted = {
    async setup({ directory }: { directory: string }): Promise<{ directory: string; base: number }> {
      const { writeFileSync } = process.getBuiltinModule("node:fs");
      writeFileSync(`${directory}/setup-${process.pid}-${Math.random()}`, "");
      return { directory, base: 1000 };
    },
    call: (row: Row, state: { base: number }): Row => ({ y: state.base + (row.item as number) }),
    async teardown({ directory }: { directory: string }): Promise<void> {
      const { writeFileSync } = process.getBuiltinModule("node:fs");
      writeFileSync(`${directory}/teardown-${process.pid}-${Math.random()}`, "");
    },
  };
  const frame = parts.map(counted as never, {
    args: { directory: world.at("marks") },
    schema: { y: "BIGINT" },
  });
  await world.disk.mkdir(world.at("marks"), { recursive: true });
  expect((await column(frame, "y")).sort()[0]).toBe(1000);
  expect(await frame.filter("y >= 1090").count()).toBe(10);
  await sp.close();
  return (await world.list("marks")).map((name) => name.split("-").slice(0, 2).join("-"));
}

test("state is made once in the session's process, and given up when the session closes", async () => {
  await using world = await openWorld();
  expect(await stateful(world, 0)).toEqual([`setup-${process.pid}`, `teardown-${process.pid}`]);
});

test("state is made once per executor, and given up when the executors end", async () => {
  await using world = await openWorld();
  const marks = await stateful(world, 2);
  const setups = marks.filter((mark) => mark.startsWith("setup-"));
  expect(setups.length).toBeGreaterThan(0);
  expect(setups.length).toBeLessThanOrEqual(2);
  expect(new Set(setups).size).toBe(setups.length);
  expect(setups).not.toContain(`setup-${process.pid}`);
  expect(marks.filter((mark) => mark.startsWith("teardown-"))).toEqual(
    setups.map((mark) => mark.replace("setup", "teardown")),
  );
});

test("a setup that fails is told as such, and a teardown that fails when the session closes", async () => {
  await using world = await openWorld();
  const items = world.sp.fromItems([{ a: 1 }]);
  const broken = items.map({
    setup: () => {
      throw new Error("no model");
    },
    call: (row: Row): Row => row,
  });
  const error = await failureOf(broken.takeAll());
  expect(error.code).toBe("FUNCTION_FAILED");
  expect(error.message).toContain("setup() of");
  expect(error.message).toContain("no model");
  const sp = await world.open();
  const left = sp.fromItems([{ a: 1 }]).map({
    setup: () => 1,
    call: (row: Row): Row => row,
    teardown: () => {
      throw new Error("still open");
    },
  });
  expect(await left.count()).toBe(1);
  expect((await failureOf(sp.close())).message).toContain("still open");
});

test("an executor that dies under a stateful function is replaced, and its state made anew", async () => {
  await using world = await openWorld({ numExecutors: 1 });
  await world.disk.mkdir(world.at("once"), { recursive: true });
  const parts = world.sp.readParquet(await hundredRows(world)).repartition(2, { byRows: true });
  const frame = parts.map(
    {
      setup: ({ path }: { path: string }) => path,
      call: (row: Row, path: string): Row => {
        const { existsSync, writeFileSync } = process.getBuiltinModule("node:fs");
        if (row.item === 70 && !existsSync(path)) {
          writeFileSync(path, "");
          process.kill(process.pid, "SIGKILL");
        }
        return { item: row.item!, pid: process.pid };
      },
    } as never,
    { args: { path: world.at("once/died") }, schema: { item: "BIGINT", pid: "BIGINT" } },
  );
  const rows = await frame.takeAll();
  expect(rows.map((row) => row.item)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(new Set(rows.map((row) => row.pid)).size).toBe(2);
  expect(await world.list("once")).toEqual(["died"]);
});

test("calls in executors ask the session's process when they may start", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const parts = world.sp.readParquet(await hundredRows(world)).repartition(2, { byRows: true });
  const frame = parts.map(async (row: Row) => ({ item: row.item!, pid: process.pid }), {
    ratePerSecond: 1_000,
    schema: { item: "BIGINT", pid: "BIGINT" },
  });
  const rows = await frame.takeAll();
  expect(rows.map((row) => row.item)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(new Set(rows.map((row) => row.pid)).size).toBe(2);
});

test("executors end when their functions wait for ever", async () => {
  await using world = await openWorld();
  const sp = await world.open({ numExecutors: 1 });
  const frame = sp
    .readParquet(await hundredRows(world))
    .map(async (): Promise<Row> => await new Promise(() => {}), { schema: { a: "BIGINT" } });
  const ended = frame.takeAll().catch((error: unknown) => error);
  await until("the start of the executor", () => sp.executorPids.length === 1);
  const [pid] = sp.executorPids;
  await sp.close();
  expect(await ended).toBeInstanceOf(Error);
  await until("the end of the executor", () => !isAlive(pid!));
});
