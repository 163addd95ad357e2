/** `npm run bench` and `npm run bench:peers`: installs and builds what is missing, then runs apps/bench. */
import { checkNode } from "./check-node.mjs";

checkNode();
import("./prepare.mjs").then(async ({ prepare, reportFailure, run }) => {
  try {
    await prepare();
    process.exitCode = await run(process.execPath, ["apps/bench/dist/main.js", ...process.argv.slice(2)]);
  } catch (error) {
    reportFailure(error);
  }
});
