/** A job that is killed at random moments while it writes, for real. POND_KILLS sets how often, over all kinds of jobs. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { isAlive, until } from "../support/processes.ts";
import { openWorld, type World } from "../support/world.ts";

const KILLS = Number(process.env.POND_KILLS ?? 3);
const ROWS = 4_000;

interface Kind {
  readonly mode: "overwrite" | "append";
  readonly executors: number;
}

const KINDS: readonly Kind[] = [
  { mode: "overwrite", executors: 0 },
  { mode: "overwrite", executors: 2 },
  { mode: "append", executors: 0 },
];

/** Writes one generation of rows after another, through a shuffle and a function, until it is killed. */
async function jobScript(world: World, { mode, executors }: Kind): Promise<string> {
  const path = world.at("job.mjs");
  const entry = new URL("../../dist/index.js", import.meta.url).href;
  await world.disk.writeFile(
    path,
    `import { init } from ${JSON.stringify(entry)};
     const sp = await init({ numExecutors: ${executors}, dataRoot: ${JSON.stringify(world.at("data"))} });
     const schema = { n: "BIGINT", generation: "BIGINT" };
     for (let generation = Number(process.argv[2]); ; generation++) {
       const rows = sp.sql(\`SELECT range AS n, \${generation}::BIGINT AS generation FROM range(${ROWS})\`);
       await rows.repartition(4, { hashBy: "n" }).map((row) => ({ ...row }), { schema })
         .writeParquet(${JSON.stringify(world.at("out"))}, { mode: "${mode}" });
       if (process.argv[3] === "once") break;
       console.log(generation);
     }
     await sp.close();`,
  );
  return path;
}

function start(script: string, generation: number, once: boolean): ChildProcess {
  const args = [script, String(generation), ...(once ? ["once"] : [])];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** Generations in the output, each of them whole; none when the target is not there between two renames. */
async function wholeGenerations(world: World): Promise<number[]> {
  if (!(await world.disk.exists(world.at("out")))) return [];
  const rows = await world.sp
    .readParquet(world.at("out"))
    .groupBy("generation")
    .agg({ rows: "count(*)", different: "count(DISTINCT n)" })
    .sort("generation")
    .takeAll();
  for (const row of rows) expect(row).toMatchObject({ rows: ROWS, different: ROWS });
  return rows.map((row) => Number(row.generation));
}

test.each(KINDS)(
  "the output is as before or whole after each SIGKILL, and the next run cleans up: $mode, $executors executors",
  async (kind) => {
    await using world = await openWorld();
    const script = await jobScript(world, kind);
    const kills = Math.ceil(KILLS / KINDS.length);
    let generation = 1;
    let before: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const child = start(script, generation, false);
      await once(child.stdout!, "data");
      await sleep((kill * 37) % 250);
      child.kill("SIGKILL");
      await once(child, "exit");
      const after = await wholeGenerations(world);
      if (kind.mode === "append") expect(after.slice(0, before.length)).toEqual(before);
      else expect(after.length).toBeLessThanOrEqual(1);
      generation += 1_000;
      // What the dead writer left is whole as soon as the next one has looked; it then writes its own.
      const next = start(script, generation, true);
      await once(next, "exit");
      before = await wholeGenerations(world);
      expect(before.at(-1), `kill ${kill}`).toBe(generation);
      if (kind.mode === "overwrite") expect(before.length).toBe(1);
      expect((await world.list(".")).filter((name) => name.startsWith(".out"))).toEqual([]);
      expect(await world.list("data/.running")).toEqual([]);
      generation += 1_000;
    }
    await expectNothingLeft(world);
  },
  60_000 + KILLS * 20_000,
);

async function expectNothingLeft(world: World): Promise<void> {
  for (const job of (await world.list("data")).filter((name) => name !== ".running")) {
    const left = await world.list(`data/${job}`);
    expect(left).not.toContain("staging");
    expect(left).not.toContain("temp");
  }
}

test("executors of a job that is killed end with it", async () => {
  await using world = await openWorld();
  const job = start(await jobScript(world, { mode: "overwrite", executors: 2 }), 1, false);
  await once(job.stdout!, "data");
  const { stdout } = spawn("pgrep", ["-P", String(job.pid)]);
  const pids: number[] = [];
  for await (const bytes of stdout) pids.push(...String(bytes).trim().split("\n").map(Number));
  expect(pids.length).toBeGreaterThan(0);
  job.kill("SIGKILL");
  await until("the end of the executors", () => !pids.some(isAlive));
});
