/** A virtual environment with Python smallpond, made once from PyPI. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type BenchContext, SuiteSkipped } from "../../harness/benchmark.ts";

const PEERS = new URL("../../../peers/", import.meta.url);
export const PEER_SCRIPT: string = fileURLToPath(new URL("smallpond_peer.py", PEERS));
const REQUIREMENTS = fileURLToPath(new URL("requirements.txt", PEERS));
/** A download that hangs is a machine without PyPI. */
const INSTALL_MS_MAX = 15 * 60_000;

export function venvPython({ dataDir }: BenchContext): string {
  return `${dataDir}/venv/bin/python`;
}

/** @throws SuiteSkipped without Python 3, without PyPI, or when something does not install. */
export async function prepareVenv(context: BenchContext, log: (line: string) => void): Promise<void> {
  const directory = `${context.dataDir}/venv`;
  const wanted = createHash("sha256")
    .update(await readFile(REQUIREMENTS))
    .digest("hex");
  const stamp = `${directory}/pond-stamp.txt`;
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return;
  log(`installing Python smallpond in ${directory}`);
  await rm(directory, { recursive: true, force: true });
  await step("python3", ["-m", "venv", directory], "there is no working python3 with venv");
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--requirement",
    REQUIREMENTS,
  ];
  await step(venvPython(context), pip, "pip could not install Python smallpond");
  await step(venvPython(context), ["-c", "import smallpond.dataframe"], "Python smallpond does not load");
  await writeFile(stamp, wanted);
}

async function step(command: string, args: readonly string[], failure: string): Promise<void> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.timeout(INSTALL_MS_MAX),
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      output = (output + bytes.toString()).slice(-1_000);
    });
  }
  const code = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", resolve);
  });
  if (code !== 0) throw new SuiteSkipped(`${failure} (${String(code)})\n${output.trim()}`);
}
