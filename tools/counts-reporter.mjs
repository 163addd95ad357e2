/** A Vitest reporter that writes how many tests passed, failed and were skipped, the last with names and reasons. */
import { writeFileSync } from "node:fs";

// eslint-disable-next-line no-restricted-syntax -- Vitest takes the default export of a reporter's file.
export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) addModule(counts, module);
    const file = process.env.POND_TEST_COUNTS;
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}

function addModule(counts, module) {
  // A file that cannot be loaded, or a hook that throws, has no test of its own to fail.
  counts.failed += module.errors().length;
  for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const { state, note } = test.result();
    if (state === "passed") counts.passed++;
    else if (state === "failed") counts.failed++;
    else
      counts.skipped.push({
        name: `${module.relativeModuleId}: ${test.fullName}`,
        reason: note ?? "no reason given",
      });
  }
}
