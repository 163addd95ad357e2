/**
 * What `npm start`, `npm test` and `npm run bench` need first: packages installed and sources built, each only when
 * something changed since the last time.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNative } from "./build-native.mjs";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Stamps live inside node_modules, so that removing it removes them. */
const STAMPS = join(ROOT, "node_modules", ".pond");
const MODULES = join(ROOT, "node_modules");
const LOCK = join(ROOT, "package-lock.json");

/** nx as a plain build tool: one process, no questions, nothing sent anywhere. */
const NX_ENVIRONMENT = {
  NX_DAEMON: "false",
  NX_TUI: "false",
  NX_NO_CLOUD: "true",
  NX_INTERACTIVE: "false",
  DO_NOT_TRACK: "1",
};

/** A step that failed, with what to try. */
export class StepError extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

export async function prepare() {
  await install();
  for (const note of buildNative()) progress(note);
  await build();
}

/** Prints a failure the way the command line does and sets the exit code. */
export function reportFailure(error) {
  console.error(error instanceof StepError ? error.message : error);
  if (error instanceof StepError) console.error(`  hint: ${error.hint}`);
  process.exitCode = 1;
}

/** Runs a program with this terminal; resolves to its exit code, or 128 + signal number as shells say it. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", ...options, env });
    // Ctrl-C reaches the child as well, from the terminal; it decides how to end, and we end with it.
    const ignore = () => {};
    process.on("SIGINT", ignore);
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.off("SIGINT", ignore);
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}

/** Runs nx; `output` collects instead of printing, for steps that only speak when they fail. */
export async function nx(args, options = {}) {
  const entry = join(MODULES, "nx", binOf("nx"));
  if (options.quiet !== true)
    return { code: await run(process.execPath, [entry, ...args], { env: NX_ENVIRONMENT }), output: "" };
  return await collect(process.execPath, [entry, ...args], { env: NX_ENVIRONMENT });
}

/** Runs a program and keeps what it prints. */
export async function collect(command, args, options = {}) {
  let output = "";
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
    env: { ...process.env, ...options.env },
  });
  child.stdout.on("data", (bytes) => (output += bytes));
  child.stderr.on("data", (bytes) => (output += bytes));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (value) => resolve(value ?? 1));
  });
  return { code, output };
}

/** The file a package runs as a command. */
export function binOf(name, command = name) {
  const { bin } = createRequire(join(ROOT, "package.json"))(`${name}/package.json`);
  return typeof bin === "string" ? bin : bin[command];
}

// ---- install --------------------------------------------------------------------------------------------------

async function install() {
  const wanted = hashOf(readFileSync(LOCK));
  if (readStamp("install") === wanted) return;
  if (installedMatchesLock()) {
    writeStamp("install", wanted);
    return;
  }
  progress("Installing packages (npm ci) …");
  const { code, output } = await npm([
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ]);
  if (code !== 0) {
    console.error(output.trimEnd());
    throw new StepError(
      `npm ci failed with exit code ${code}`,
      "check the network and `npm config get registry`, then run the same command again",
    );
  }
  writeStamp("install", wanted);
}

/** npm as npm itself was started, which finds it on every platform and whatever PATH says. */
async function npm(args) {
  const entry = process.env.npm_execpath;
  if (entry?.endsWith(".js")) return await collect(process.execPath, [entry, ...args]);
  return await collect("npm", args, { shell: process.platform === "win32" });
}

/** Whether somebody ran `npm ci` already: npm notes what it installed in a file of the lockfile's own form. */
function installedMatchesLock() {
  const installed = readJson(join(MODULES, ".package-lock.json"))?.packages;
  const locked = readJson(LOCK)?.packages;
  if (installed === undefined || locked === undefined) return false;
  const same = (path) => locked[path]?.version === installed[path]?.version;
  const needed = Object.keys(locked).filter(
    (path) => path !== "" && !locked[path].optional && path.startsWith("node_modules/"),
  );
  return needed.every((path) => path in installed) && Object.keys(installed).every(same);
}

// ---- build ----------------------------------------------------------------------------------------------------

async function build() {
  const packages = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(ROOT, group)).map((name) => join(ROOT, group, name)),
  );
  const sources = packages.filter((path) => existsSync(join(path, "src")));
  const wanted = sourceStamp(sources);
  const built = sources.every((path) => existsSync(join(path, "dist")));
  if (built && readStamp("build") === wanted) return;
  progress("Building …");
  const { code, output } = await nx(["run-many", "-t", "build", "--outputStyle=static", "--skipSync"], {
    quiet: true,
  });
  if (code !== 0) {
    console.error(output.trimEnd());
    throw new StepError("the build failed", "the compiler's messages above name the files");
  }
  writeStamp("build", wanted);
}

/** Paths, sizes and times of everything a build reads. */
function sourceStamp(packages) {
  const hash = createHash("sha256");
  const shared = ["package-lock.json", "nx.json", "tsconfig.base.json", "tsconfig.json"];
  for (const name of shared) addFile(hash, join(ROOT, name));
  for (const path of packages) {
    for (const name of ["package.json", "tsconfig.json", "tsconfig.lib.json"])
      addFile(hash, join(path, name));
    addTree(hash, join(path, "src"));
  }
  return hash.digest("hex");
}

function addTree(hash, directory) {
  const entries = readdirSync(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) addTree(hash, path);
    else addFile(hash, path);
  }
}

function addFile(hash, path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  hash.update(`${path}\0${stat?.size}\0${stat?.mtimeMs}\n`);
}

// ---- helpers --------------------------------------------------------------------------------------------------

function progress(line) {
  console.error(line);
}

function hashOf(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function readStamp(name) {
  const path = join(STAMPS, name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function writeStamp(name, value) {
  mkdirSync(STAMPS, { recursive: true });
  writeFileSync(join(STAMPS, name), value);
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}
