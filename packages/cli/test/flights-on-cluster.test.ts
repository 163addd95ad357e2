/** The main job on a cluster gives what it gives on a local directory, also while a storage process is killed. */
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folder, pond, start } from "./pond.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const DATA = fileURLToPath(new URL("../data", import.meta.resolve("vega-datasets")));
const ANSWER = "SELECT * FROM read_parquet('PLACE/flights-by-airport/*.parquet') ORDER BY origin";

interface Service {
  readonly name: string;
  readonly pid: number;
}

/** What the job printed, without where its report is. */
function answerIn(stdout: string): string {
  return stdout.slice(0, stdout.lastIndexOf("\n\n"));
}

test("the flights job gives the same on a cluster, also when a storage process is killed in the middle", async () => {
  await using home = await folder({});
  const env = { XDG_CONFIG_HOME: `${home.path}/config`, POND_CLUSTER_DIR: `${home.path}/cluster` };
  const local = await pond(["run", `${ROOT}/examples/flights.ts`], { cwd: home.path, env });
  expect(local).toMatchObject({ code: 0 });
  const up = await pond(["cluster", "up", "--storage", "3", "--replicas", "3", "--processes"], { env });
  expect(up).toMatchObject({ code: 0 });
  try {
    const place = `${up.stdout.trim()}/flights`;
    const files = ["flights-3m.parquet", "airports.csv"].map((name) => `${DATA}/${name}`);
    expect(await pond(["fs", "mkdir", "-p", `${place}/data`], { env })).toMatchObject({ code: 0 });
    expect(await pond(["fs", "cp", ...files, `${place}/data`], { env })).toMatchObject({ code: 0 });
    const clustered = { ...env, FLIGHTS: place };
    const job = start(["run", `${ROOT}/examples/flights.ts`], { cwd: home.path, env: clustered });
    const status = await pond(["cluster", "status", "--json"], { env });
    const { services } = JSON.parse(status.stdout) as { readonly services: readonly Service[] };
    const storage = services.filter(({ name }) => name.startsWith("storage"));
    expect(storage.length).toBe(3);
    process.kill(storage[1]!.pid, "SIGKILL");
    const finished = await job.finished;
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    expect(answerIn(finished.stdout)).toBe(answerIn(local.stdout));
    const rows = async (at: string): Promise<string> => {
      const { code, stdout, stderr } = await pond(["sql", "--csv", ANSWER.replace("PLACE", at)], {
        cwd: home.path,
        env,
      });
      expect(code, stderr).toBe(0);
      return stdout;
    };
    expect(await rows(place)).toBe(await rows("output"));
    // As `npm start` says: the report is read from the cluster that was stopped, once it runs again.
    const report = /What the job did: (3fs:.*)/.exec(finished.stdout)?.[1];
    expect(await pond(["cluster", "down"], { env })).toMatchObject({ code: 0 });
    expect(await pond(["cluster", "up"], { env })).toMatchObject({ code: 0, stdout: up.stdout });
    const { code, stdout, stderr } = await pond(["fs", "cat", report!], { env });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ jobName: "flights" });
  } finally {
    await pond(["cluster", "down"], { env });
    await rm(`${home.path}/cluster`, { recursive: true, force: true });
  }
}, 180_000);
