/**
 * The tests of packages/fs-native over an instrumented build of its addons (AddressSanitizer and UBSan):
 *
 *   node tools/test-native.mjs [vitest arguments]
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildNative } from "./build-native.mjs";
import { binOf, prepare, ROOT, reportFailure, run, StepError } from "./prepare.mjs";

try {
  await prepare();
  for (const note of buildNative({ sanitize: true })) console.error(note);
  const { status, stdout } = spawnSync("g++", ["-print-file-name=libasan.so"], { encoding: "utf8" });
  if (status !== 0) throw new StepError("there is no g++", "apt-get install g++");
  const entry = join(ROOT, "node_modules", "vitest", binOf("vitest"));
  process.exitCode = await run(
    process.execPath,
    [entry, "run", "--project", "fs-native", ...process.argv.slice(2)],
    {
      env: {
        POND_NATIVE: "sanitized",
        LD_PRELOAD: stdout.trim(),
        // Node itself never frees much of what it has; what the addons hold is counted by their tests.
        ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1",
        UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1",
      },
    },
  );
} catch (error) {
  reportFailure(error);
}
