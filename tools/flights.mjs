/** The main job on a cluster: starts one in `output/cluster`, copies the data into it, runs the job, and stops it. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CLUSTER = "output/cluster";
const FILES = ["flights-3m.parquet", "airports.csv"];

/** The exit code. */
export async function runFlights(pond) {
  const url = await start();
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

/** The URL. On any port that is free: since the last time a cluster of the user's may have taken the one it had. */
async function start() {
  const up = ["cluster", "up", "--dir", CLUSTER, "--storage", "3", "--replicas", "3"];
  const pond = (...args) => promisify(execFile)(process.execPath, ["packages/cli/bin/pond.js", ...args]);
  const { stdout } = await pond(...up).catch(async (error) => {
    if (!/port \d+ .* is taken by another program/.test(error.stderr)) throw error;
    return await pond(...up, "--port", String(await freePort()));
  });
  return stdout.trim();
}

async function freePort() {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
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
