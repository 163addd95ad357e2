/** The main job on a cluster: starts one in `output/cluster`, copies the data into it, runs the job, and stops it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CLUSTER = "output/cluster";
const FILES = ["flights-3m.parquet", "airports.csv"];

/** The exit code. */
export async function runFlights(pond) {
  // Any port that is free: a cluster of the user's may have the usual one.
  const up = ["cluster", "up", "--dir", CLUSTER, "--storage", "3", "--replicas", "3"];
  const { stdout } = await promisify(execFile)(process.execPath, ["packages/cli/bin/pond.js", ...up]);
  const url = stdout.trim();
  console.log(`A cluster with three replicas of everything: ${url} (${CLUSTER})`);
  try {
    const data = fileURLToPath(new URL("../data", import.meta.resolve("vega-datasets")));
    const place = `${url}/flights`;
    const steps = [
      ["fs", "mkdir", "--parents", `${place}/data`],
      ["fs", "cp", "--resume", ...FILES.map((name) => `${data}/${name}`), `${place}/data`],
    ];
    for (const step of steps) {
      const code = await pond(...step);
      if (code !== 0) return code;
    }
    process.env.FLIGHTS = place;
    return await pond("run", "examples/flights.ts");
  } finally {
    if ((await pond("cluster", "down", "--dir", CLUSTER)) === 0) console.log(afterwards(url));
  }
}

/** What the job printed are names in a cluster that does not run any more. */
function afterwards(url) {
  return `
Its files stay. To read them, start it again:
  npx pond cluster up --dir ${CLUSTER}
  npx pond fs ls ${url}/flights
  npx pond fs cat ${url}/flights/…/report.json   (as named above)
  npx pond cluster down --dir ${CLUSTER}`;
}
