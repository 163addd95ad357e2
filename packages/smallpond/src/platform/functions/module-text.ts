/** A text that functions are found in: a script as it runs, or a user's file without its types. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { AnyMap, type TraceMap } from "@jridgewell/trace-mapping";
import { build } from "esbuild";
import { type Program, parseProgram } from "../../functions/source/program.ts";
import { LOADERS } from "../bundling/loaders.ts";
import type { RunningScript } from "./locate.ts";
import { identityMap, mapOf, scriptPath } from "./source-map.ts";

export interface ModuleText {
  /** Where it stands; what it imports is found from there. */
  readonly path: string;
  readonly program: Program;
  /** To the files that people wrote. */
  readonly map: TraceMap;
  /** Whether the map leads somewhere else than to the text itself. */
  readonly isCompiled: boolean;
}

const running = new Map<string, ModuleText | undefined>();
const files = new Map<string, Promise<ModuleText | undefined>>();
/** Texts are kept, because many functions come from one; a text of a MB takes some 100 ms to read. */
const KEPT_MAX = 32;

/** Undefined for code that is in no file, such as that of `eval`, or that cannot be parsed. */
export function runningText(script: RunningScript): ModuleText | undefined {
  const key = `${script.url}\n${script.text}`;
  if (!running.has(key)) keep(running, key, readScript(script));
  return running.get(key);
}

/** A user's file as JavaScript; undefined when it is not there or not JavaScript or TypeScript. */
export async function fileText(path: string): Promise<ModuleText | undefined> {
  if (LOADERS[extname(path)] === undefined || !existsSync(path)) return undefined;
  const source = readFileSync(path, "utf8");
  const key = `${path}\n${source}`;
  if (!files.has(key)) keep(files, key, compile(path, source));
  return await files.get(key);
}

function readScript(script: RunningScript): ModuleText | undefined {
  const path = scriptPath(script.url);
  const program = parseProgram(script.text, script.isModule ? "module" : "commonjs");
  if (path === undefined || program === undefined) return undefined;
  const map = mapOf(script);
  const real = existsSync(path) ? realpathSync(path) : path;
  return {
    path: real,
    program,
    map: map ?? new AnyMap(JSON.stringify(identityMap(script.text, real))),
    isCompiled: map !== undefined,
  };
}

/** Takes the types away, as the settings of its folder say; imports stay as they are. */
async function compile(path: string, source: string): Promise<ModuleText | undefined> {
  const result = await build({
    entryPoints: [path],
    bundle: false,
    write: false,
    outfile: `${path}.js`,
    target: `node${process.versions.node}`,
    sourcemap: "external",
    sourcesContent: true,
    logLevel: "silent",
  }).catch(() => undefined);
  const code = result?.outputFiles.find((file) => file.path.endsWith(".js"))?.text;
  const map = result?.outputFiles.find((file) => file.path.endsWith(".map"))?.text;
  if (code === undefined || map === undefined) return undefined;
  const program = parseProgram(code, "module") ?? parseProgram(code, "commonjs");
  if (program === undefined) return undefined;
  const traced = new AnyMap(map, pathToFileURL(path).href);
  return { path, program, map: traced, isCompiled: source !== code };
}

function keep<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= KEPT_MAX) cache.delete(cache.keys().next().value!);
  cache.set(key, value);
}
