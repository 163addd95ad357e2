/** `npm start`: installs and builds what is missing, then runs the main job as a user would. */
import { checkNode } from "./check-node.mjs";

checkNode();
// Imported late, because older versions of Node cannot read what comes now.
import("./prepare.mjs").then(async ({ prepare, reportFailure, run }) => {
  try {
    await prepare();
    const job = process.argv.length > 2 ? process.argv.slice(2) : ["examples/flights.ts"];
    process.exitCode = await run(process.execPath, ["packages/cli/bin/pond.js", "run", ...job]);
  } catch (error) {
    reportFailure(error);
  }
});
