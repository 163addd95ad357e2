/** Jobs that capture functions in a process of their own, run in every way that people run jobs. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

export type Codes = Readonly<Record<string, FunctionCodeJson>>;
export type FunctionCodeJson =
  | { readonly kind: "text" | "bundle"; readonly hash: string }
  | { readonly kind: "error"; readonly message: string };

export interface Folder extends AsyncDisposable {
  readonly path: string;
}

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DIST = new URL("../../dist/platform/functions/", import.meta.url);
const DISK = import.meta
  .resolve("@smallpond/base/platform/node")
  .replace("/src/", "/dist/")
  .replace(/\.ts$/, ".js");
const TSX = fileURLToPath(new URL("../../../../node_modules/tsx/dist/cli.mjs", import.meta.url));

/** The fixtures in a folder of their own whose package.json says what its files are. */
export async function jobFolder(type: "module" | "commonjs"): Promise<Folder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "pond-functions-")));
  await cp(join(HERE, "fixtures"), path, { recursive: true });
  await writeFile(join(path, "package.json"), JSON.stringify({ type }));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Runs the job as tsx does, and returns the codes that it printed. */
export function runTsx({ path }: Folder): Promise<Codes> {
  return run(path, [TSX, "job.ts"]);
}

/** Runs the job as a compiler without bundling leaves it. */
export async function runCompiled({ path }: Folder, format: "esm" | "cjs"): Promise<Codes> {
  for (const name of (await readdir(path)).filter((file) => file.endsWith(".ts"))) {
    const source = await readFile(join(path, name), "utf8");
    const { code } = await transform(source.replaceAll('.ts"', '.js"'), { loader: "ts", format });
    await writeFile(join(path, name.replace(/\.ts$/, ".js")), code);
  }
  return await run(path, ["job.js"]);
}

export interface BundleOptions {
  readonly format: "esm" | "cjs";
  readonly minify?: boolean;
  readonly keepNames?: boolean;
  readonly sourcemap?: boolean;
}

/** Runs the job bundled into one file. */
export async function runBundled({ path }: Folder, options: BundleOptions): Promise<Codes> {
  const outfile = join(path, "out", options.format === "esm" ? "job.mjs" : "job.cjs");
  await build({
    entryPoints: [join(path, "job.ts")],
    bundle: true,
    platform: "node",
    outfile,
    logLevel: "silent",
    logOverride: { "empty-import-meta": "silent" },
    ...options,
  });
  return await run(path, [outfile]);
}

/** Calls all functions of all runs with the inputs, in one other process. */
export async function callAll(
  runs: Readonly<Record<string, Codes>>,
  given: { readonly inputs: unknown; readonly args: unknown },
): Promise<Record<string, Record<string, unknown>>> {
  const input = JSON.stringify({ load: new URL("load.js", DIST).href, runs, ...given });
  const output = await node(HERE, [join(HERE, "fixtures", "call-all.mjs")], { input });
  return JSON.parse(output) as Record<string, Record<string, unknown>>;
}

async function run(cwd: string, args: readonly string[]): Promise<Codes> {
  const env = {
    CAPTURE_URL: new URL("capture.js", DIST).href,
    DISK_URL: DISK,
    BUNDLES: join(cwd, "bundles"),
  };
  return JSON.parse(await node(cwd, args, { env })) as Codes;
}

function node(
  cwd: string,
  args: readonly string[],
  { env = {}, input = "" }: { readonly env?: Readonly<Record<string, string>>; readonly input?: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, NODE_OPTIONS: "", ...env }, maxBuffer: 2 ** 26 };
    const child = execFile(process.execPath, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${args.join(" ")} failed: ${stderr}`, { cause: error }));
    });
    child.stdin?.end(input);
  });
}
