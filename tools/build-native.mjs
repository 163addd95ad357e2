/**
 * Builds the addons of packages/fs-native with the C++ compiler that is there. Nothing is downloaded: Node's headers
 * come from beside the running Node, or from the npm package `node-api-headers`. Without a compiler or headers there are
 * no addons, and everything runs on the fallbacks.
 *
 *   node tools/build-native.mjs              what is missing or older than its sources
 *   node tools/build-native.mjs --sanitize   instrumented with AddressSanitizer, into build/sanitized
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PACKAGE = join(ROOT, "packages", "fs-native");

const FLAGS = [
  "-std=c++17",
  "-fPIC",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wno-unused-parameter",
];
const OPTIMIZED = ["-O2", "-DNDEBUG"];
const SANITIZED = [
  "-O1",
  "-g",
  "-fno-omit-frame-pointer",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
];
/** The symbols of Node and libuv are in the process that loads the addon. */
const SHARED = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];

/** Each addon: the folder of its sources besides `common`, and the library it needs, if any. */
const ADDONS = [
  { name: "core", library: null },
  { name: "fabric", library: "libfabric" },
];

/**
 * Builds what is missing; resolves to one line per addon that could not be built, saying why. An addon whose sources do
 * not compile throws: that is a bug, not a missing tool.
 */
export function buildNative({ sanitize = false } = {}) {
  const compiler = findCompiler();
  if (compiler === undefined)
    return ["native parts: not built, there is no C++ compiler (apt-get install g++)"];
  const headers = findHeaders();
  if (headers === undefined)
    return ["native parts: not built, Node's headers are missing (npm install node-api-headers)"];
  const notes = [];
  for (const { name, library } of ADDONS) {
    if (!existsSync(join(PACKAGE, "native", name))) continue;
    const found = library === null ? [] : pkgConfig(library);
    if (found === undefined)
      notes.push(`${name}.node: not built, ${library} is missing (apt-get install ${library}-dev)`);
    else buildAddon({ name, compiler, headers, libraryFlags: found, sanitize });
  }
  return notes;
}

function buildAddon({ name, compiler, headers, libraryFlags, sanitize }) {
  const directory = join(PACKAGE, "build", ...(sanitize ? ["sanitized"] : []));
  const sources = ["common", name].flatMap((folder) => sourcesOf(join(PACKAGE, "native", folder)));
  const flags = [...FLAGS, ...(sanitize ? SANITIZED : OPTIMIZED), `-I${headers}`];
  const stamp = stampOf(
    [compiler.version, process.platform, process.arch, ...flags, ...libraryFlags],
    sources,
  );
  const target = join(directory, `${name}.node`);
  const stampFile = `${target}.stamp`;
  if (existsSync(target) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  mkdirSync(directory, { recursive: true });
  console.error(`Compiling ${name}.node …`);
  // Beside its place and renamed, so that a process that has the old one mapped keeps it.
  const draft = `${target}.${process.pid}`;
  const units = sources.filter((path) => path.endsWith(".cc"));
  const { status, stderr, error } = spawnSync(
    compiler.command,
    [...flags, ...SHARED, ...units, "-o", draft, ...libraryFlags],
    { encoding: "utf8" },
  );
  if (status !== 0) {
    rmSync(draft, { force: true });
    throw new Error(`${name}.node does not compile:\n${error?.message ?? stderr}`);
  }
  renameSync(draft, target);
  writeFileSync(stampFile, stamp);
}

function findCompiler() {
  for (const command of [process.env.CXX, "c++", "g++", "clang++"]) {
    if (command === undefined || command === "") continue;
    const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
    if (status === 0) return { command, version: stdout.split("\n")[0] };
  }
  return undefined;
}

function findHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const candidates = [join(prefix, "include", "node"), "/usr/include/node", "/usr/include/nodejs/src"];
  try {
    candidates.push(createRequire(join(PACKAGE, "package.json"))("node-api-headers").include_dir);
  } catch {
    // Not installed: the others may do.
  }
  return candidates.find((path) => existsSync(join(path, "node_api.h")));
}

function pkgConfig(library) {
  const { status, stdout } = spawnSync("pkg-config", ["--cflags", "--libs", library], { encoding: "utf8" });
  return status === 0 ? stdout.trim().split(/\s+/) : undefined;
}

function sourcesOf(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".cc") || name.endsWith(".h"))
    .sort()
    .map((name) => join(folder, name));
}

function stampOf(words, sources) {
  const hash = createHash("sha256").update(words.join("\0"));
  for (const path of sources) hash.update(path).update(readFileSync(path));
  return hash.digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    for (const note of buildNative({ sanitize: process.argv.includes("--sanitize") })) console.error(note);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
