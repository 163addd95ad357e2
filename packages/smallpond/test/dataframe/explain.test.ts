/** `explain()` before a frame runs, and what it measures when it does. */
import { expect, test } from "vitest";
import type { ExplainedStage } from "../../src/index.ts";
import { openWorld, type World } from "../support/world.ts";

const ROWS = 200_000;

/** Columns of several kinds in four files. */
async function events(world: World): Promise<string> {
  for (let file = 0; file < 4; file++) {
    await world.write(
      `events/${file}.parquet`,
      `SELECT range AS id, (hash(range) % 1000)::INT AS user_id, hash(range * 7) AS token, random() AS score,
              'page-' || (hash(range + 1) % 300) AS page, md5(range::VARCHAR) AS digest, TIMESTAMP '2026-01-01' + range * INTERVAL 1 SECOND AS at
       FROM range(${(file * ROWS) / 4}, ${((file + 1) * ROWS) / 4})`,
    );
  }
  return world.at("events");
}

/** How far the estimate is off, as a factor above 1. */
function factor({ estimate, measured }: ExplainedStage): number {
  const ratio = estimate!.bytes / measured!.bytes;
  return Math.max(ratio, 1 / ratio);
}

test("names the bytes a shuffle will move within a factor of three, and its rows exactly", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await events(world));
  const cases = [
    frame.repartition(6, { hashBy: "user_id" }),
    frame.select("user_id", "page").repartition(3, { hashBy: "user_id" }),
    frame.drop("digest").rename({ page: "url" }).repartition(3, { rangeBy: "score" }),
    frame.withColumns({ half: "score / 2" }).repartition(3, { random: true }),
  ];
  for (const shuffled of cases) {
    const observed = world.sp.partialSql("SELECT count(*) AS n FROM {0}", shuffled);
    const before = await observed.explain({ format: "json" });
    const stage = before.stages.find(({ kind }) => kind === "shuffle")!;
    expect(stage).toMatchObject({
      estimate: { rows: ROWS, certainty: "about" },
      executors: 0,
      measured: null,
    });
    const after = await observed.explain({ format: "json", analyze: true });
    const ran = after.stages.find(({ kind }) => kind === "shuffle")!;
    expect(ran.estimate).toEqual(stage.estimate);
    expect(ran.measured).toMatchObject({ rows: ROWS, attempts: ran.tasks });
    expect(factor(ran)).toBeLessThan(3);
  }
});

test("what a filter leaves out is not known: at most so much", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await events(world)).filter("user_id < 100");
  const shuffled = world.sp.partialSql("SELECT 1 FROM {0}", frame.repartition(2, { hashBy: "user_id" }));
  const text = await shuffled.explain();
  expect(text).toMatch(
    /1\. repartition\(hash\(user_id; 2\)\): moves at most about \S+ MiB in 200,000 rows; 1 task in this process$/m,
  );
  const { stages } = await shuffled.explain({ format: "json", analyze: true });
  const { estimate, measured } = stages[0]!;
  expect(measured!.rows).toBeLessThan(estimate!.rows!);
  expect(measured!.bytes).toBeLessThan(estimate!.bytes);
});

test("text files go by their size, kept results by their files, joins by the engine's guess", async () => {
  await using world = await openWorld({ numExecutors: 2 });
  const { sp } = world;
  await world.write("rates.csv", "SELECT range AS user_id, range * 1.5 AS rate FROM range(20000)");
  const rates = sp.readCsv(world.at("rates.csv"));
  const shuffle = async (frame: typeof rates): Promise<ExplainedStage> => {
    const observed = sp.partialSql("SELECT 1 FROM {0}", frame.repartition(2, { hashBy: "user_id" }));
    return (await observed.explain({ format: "json" })).stages.find(({ kind }) => kind === "shuffle")!;
  };
  const csv = await shuffle(rates);
  const bytes = (await world.disk.stat(world.at("rates.csv"))).size;
  expect(csv).toMatchObject({ executors: 2, estimate: { rows: null, certainty: "about" } });
  expect(csv.estimate!.bytes).toBeGreaterThan(bytes / 3);
  expect(csv.estimate!.bytes).toBeLessThan(bytes * 1.01);
  const kept = await rates.filter("user_id < 5000").compute();
  expect((await shuffle(kept)).estimate).toMatchObject({ rows: 5000, certainty: "exact" });
  const items = sp.fromItems([{ user_id: 1, name: "a" }]);
  expect(await shuffle(items as never)).toMatchObject({
    executors: 0,
    estimate: { rows: 1, certainty: "about" },
  });
  const joined = await shuffle(rates.join(kept, { on: "user_id" }));
  expect(joined.estimate).toMatchObject({ certainty: "guess" });
  expect(joined.estimate!.rows).toBeGreaterThan(1000);
});

test("analyze gives true rows for stages and the query, and says what the engine did", async () => {
  await using world = await openWorld();
  const { sp } = world;
  const parts = sp.readParquet(await events(world)).repartition(4, { hashBy: "page" });
  const perPage = sp.partialSql("SELECT page, count(*) AS n FROM {0} GROUP BY page", parts);
  const frame = perPage.sort("n DESC").limit(10);
  const plan = await frame.explain({ format: "json", analyze: true });
  expect(plan.stages.map(({ measured }) => measured!.rows)).toEqual([ROWS, 300]);
  expect(plan.query.measured!.rows).toBe(10);
  expect(plan.query.operators.length).toBeGreaterThan(0);
  expect(plan.stages[0]!.measured!.bytes).toBeGreaterThan(0);
  const text = await frame.explain({ analyze: true });
  expect(text).toMatch(/one query over what remains\n +took \d+\.\d\d s: 10 rows/);
  expect(parts.isComputed()).toBe(true);
  expect(sp.report().actions.map((action) => action.name)).toEqual(["explain()", "explain()"]);
});

test("explaining runs nothing and leaves nothing", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await events(world)).repartition(4, { hashBy: "page" });
  await world.sp.partialSql("SELECT 1 FROM {0}", frame).explain();
  expect(frame.isComputed()).toBe(false);
  expect(world.sp.report().actions).toEqual([]);
  await world.sp.close();
  expect(await world.list("jobs")).toEqual([".running"]);
});

test("a flowchart has every node of the plan and the sizes of its shuffles", async () => {
  await using world = await openWorld();
  const frame = world.sp.readParquet(await events(world)).repartition(4, { hashBy: "page" });
  const chart = await world.sp.partialSql('SELECT "page" FROM {0}', frame).explain({ format: "mermaid" });
  expect(chart).toMatch(/^flowchart TD\n/);
  expect(chart).toMatch(
    /n\d+\["repartition\(hash\(page; 4\)\)<br\/>moves about \S+ MiB in 200,000 rows<br\/>1 task"\]/,
  );
  expect(chart).toContain("#quot;page#quot;");
  expect(chart.match(/-->/g)?.length).toBe(2);
});
