/** Looks at the machine, prints what it has, and fails when nothing could run here. */
import { EXIT_FAILURE } from "../output/exit-codes.ts";
import { jsonText } from "../output/json-text.ts";
import { onReaderGone } from "../output/write-out.ts";
import type { Check } from "./check.ts";
import { checkDuckdb, checkExecutor } from "./check-engine.ts";
import { checkCores, checkMemory, checkNode } from "./check-machine.ts";
import { checkNative } from "./check-native.ts";
import { checkPython } from "./check-peers.ts";
import { checkDataRoot, checkTemp } from "./check-storage.ts";
import { checkVariables } from "./check-variables.ts";

const CHECKS: readonly (() => Check | Promise<Check | readonly Check[]>)[] = [
  checkNode,
  checkDuckdb,
  checkCores,
  checkMemory,
  checkDataRoot,
  checkTemp,
  checkExecutor,
  checkVariables,
  checkPython,
  checkNative,
];

export async function doctor(options: { readonly json: boolean }): Promise<void> {
  onReaderGone();
  const checks: Check[] = [];
  for (const look of CHECKS) {
    const found = [await look()].flat();
    checks.push(...found);
    if (!options.json) for (const check of found) console.log(checkText(check));
  }
  const healthy = !checks.some((check) => check.status === "missing" && check.essential);
  if (options.json) console.log(jsonText({ healthy, checks }));
  if (!healthy) process.exitCode = EXIT_FAILURE;
}

function checkText({ name, status, found, fix }: Check): string {
  const line = `${status.padEnd(8)}${name.padEnd(15)}${found}`;
  return fix === undefined ? line : `${line}\n${" ".repeat(23)}→ ${fix}`;
}
