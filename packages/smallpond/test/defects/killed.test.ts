/** A job that is killed at random moments while it replaces a directory, for real. POND_KILLS sets how often. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openWorld } from "../support/world.ts";

const KILLS = Number(process.env.POND_KILLS ?? 5);

test(`the output is as before or whole after each of ${KILLS} SIGKILLs, and the next run cleans up`, async () => {
  await using world = await openWorld();
  const script = world.at("job.mjs");
  const entry = new URL("../../dist/index.js", import.meta.url);
  await world.disk.writeFile(
    script,
    `import { init } from ${JSON.stringify(entry.href)};
     const sp = await init({ numExecutors: 0, dataRoot: ${JSON.stringify(world.at("data"))} });
     for (let generation = Number(process.argv[2]); ; generation++) {
       const rows = sp.sql(\`SELECT range AS n, \${generation} AS generation FROM range(4000)\`);
       await rows.repartition(4, { hashBy: "n" }).writeParquet(${JSON.stringify(world.at("out"))}, { mode: "overwrite" });
       if (process.argv[3] === "once") break;
       console.log(generation);
     }
     await sp.close();`,
  );
  let generation = 1;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [script, String(generation)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await sleep((kill * 37) % 200);
    child.kill("SIGKILL");
    await once(child, "exit");
    generation += 1000;
    const next = spawn(process.execPath, [script, String(generation), "once"], { stdio: "inherit" });
    // What the dead writer left is whole as soon as the next one has looked; it then writes its own.
    await once(next, "exit");
    const rows = await world.sp
      .readParquet(world.at("out"))
      .agg({ rows: "count(*)", generations: "count(DISTINCT generation)", last: "max(generation)" })
      .takeAll();
    expect(rows, `kill ${kill}`).toEqual([{ rows: 4000, generations: 1, last: generation }]);
    expect((await world.list(".")).filter((name) => name.startsWith(".out"))).toEqual([]);
    expect(await world.list("data/.running")).toEqual([]);
    generation += 1000;
  }
  for (const job of (await world.list("data")).filter((name) => name !== ".running")) {
    const left = (await world.list(`data/${job}`)).filter((name) => name !== "report.json");
    expect(left).toEqual(["config", "log", "status.json"]);
  }
});
