/** A child of a test: serves until it is told to end, or does what its argument says. */
import { endWithParent } from "../../src/platform/processes/end-with-parent.ts";

const how = process.argv[2];
endWithParent(() => process.exit(0));
if (how === "fail") process.exit(3);
if (how === "deaf") process.on("SIGTERM", () => {});
console.log(`serving ${process.pid}`);
if (how === "brief") setTimeout(() => process.exit(4), 20);
else setInterval(() => {}, 1000);
