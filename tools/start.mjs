/**
 * `npm start`: installs and builds what is missing, then runs the main job as a user would, on a cluster of this machine
 * whose files have three replicas. `npm start -- job.ts` runs another job, without a cluster.
 */
import { checkNode } from "./check-node.mjs";

checkNode();
// Imported late, because older versions of Node cannot read what comes now.
import("./prepare.mjs").then(async ({ prepare, reportFailure, run }) => {
  const pond = (...args) => run(process.execPath, ["packages/cli/bin/pond.js", ...args]);
  try {
    await prepare();
    const job = process.argv.slice(2);
    if (job.length > 0) {
      process.exitCode = await pond("run", ...job);
      return;
    }
    const { runFlights } = await import("./flights.mjs");
    process.exitCode = await runFlights(pond);
  } catch (error) {
    reportFailure(error);
  }
});
