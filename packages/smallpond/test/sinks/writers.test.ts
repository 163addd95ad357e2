/** Two processes that write to one target at the same time, and one that is killed while it appends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openWorld, type World } from "../support/world.ts";

const ENTRY = new URL("../../dist/index.js", import.meta.url).href;

/** A script that writes `turns` times; each turn's rows carry a number of their own. */
async function script(world: World, mode: "append" | "overwrite"): Promise<string> {
  const path = world.at(`${mode}.mjs`);
  await world.disk.writeFile(
    path,
    `import { init } from ${JSON.stringify(ENTRY)};
     const [first, turns] = process.argv.slice(2).map(Number);
     const sp = await init({ numExecutors: 0, dataRoot: ${JSON.stringify(world.at("data"))} });
     for (let turn = first; turn < first + turns; turn++) {
       const rows = sp.sql(\`SELECT range AS n, \${turn} AS turn FROM range(400)\`).repartition(4, { hashBy: "n" });
       await rows.writeParquet(${JSON.stringify(world.at("out"))}, { mode: "${mode}" });
       console.log(turn);
     }
     await sp.close();`,
  );
  return path;
}

function run(path: string, first: number, turns: number): ReturnType<typeof spawn> {
  return spawn(process.execPath, [path, String(first), String(turns)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Rows per turn, by the turn. */
async function turns(world: World): Promise<Map<number, number>> {
  const frame = world.sp.readParquet(world.at("out")).groupBy("turn").agg({ n: "count(*)" });
  return new Map((await frame.takeAll()).map((row) => [Number(row.turn), Number(row.n)]));
}

test("appends of two processes all stay, each of them whole", async () => {
  await using world = await openWorld();
  const path = await script(world, "append");
  const children = [run(path, 100, 5), run(path, 200, 5)];
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
  expect(codes).toEqual([0, 0]);
  const expected = [100, 200].flatMap((first) => [0, 1, 2, 3, 4].map((i) => [first + i, 400] as const));
  expect(await turns(world)).toEqual(new Map(expected));
  expect((await world.list(".")).filter((name) => name.startsWith(".out"))).toEqual([]);
});

test("overwrites of two processes leave one of them whole, never a mix", async () => {
  await using world = await openWorld();
  const path = await script(world, "overwrite");
  const children = [run(path, 100, 5), run(path, 200, 5)];
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
  expect(codes).toEqual([0, 0]);
  expect([...(await turns(world)).values()]).toEqual([400]);
  expect((await world.list(".")).filter((name) => name.startsWith(".out"))).toEqual([]);
});

test("an append that is killed is there whole or not at all, and the next one cleans up", async () => {
  await using world = await openWorld();
  const path = await script(world, "append");
  for (let kill = 0; kill < 4; kill++) {
    const child = run(path, kill * 1000, 500);
    await once(child.stdout!, "data");
    await sleep((kill * 37) % 100);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(new Set((await turns(world)).values()), `kill ${kill}`).toEqual(new Set([400]));
  }
  await once(run(path, 9000, 1), "exit");
  expect((await turns(world)).get(9000)).toBe(400);
  expect((await world.list(".")).filter((name) => name.startsWith(".out"))).toEqual([]);
});
