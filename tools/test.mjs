/** `npm test`: prepares, checks (types of tests, lint, format), runs every test, and ends with one line of counts. */
import { checkNode } from "./check-node.mjs";

checkNode();
import("./run-tests.mjs").then(({ runTests }) => runTests(process.argv.slice(2)));
