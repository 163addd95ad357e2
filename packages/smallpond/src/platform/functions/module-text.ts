/** A text that functions are found in: a script as it runs, or a user's file without its types. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { AnyMap, type TraceMap } from "@jridgewell/trace-mapping";
import { build } from "esbuild";
import { type Program, parseProgram, positionOf } from "../../functions/source/program.ts";
import { LOADERS } from "../bundling/loaders.ts";
import type { RunningScript } from "./locate.ts";
import { mapOf, originOf, scriptPath, type UserPlace } from "./source-map.ts";

export interface ModuleText {
  /** Where it stands; what it imports is found from there. */
  readonly path: string;
  readonly program: Program;
  /** To the files that people wrote; null when the text is what they wrote. */
  readonly map: TraceMap | null;
}

const running = new WeakMap<RunningScript, { readonly text: ModuleText | undefined }>();
const files = new Map<string, Promise<ModuleText | undefined>>();
/** Texts are kept, because many functions come from one. */
const KEPT_MAX = 32;

/** Undefined for code that is in no file, such as that of `eval`, or that cannot be parsed. */
export function runningText(script: RunningScript): ModuleText | undefined {
  const known = running.get(script) ?? { text: readScript(script) };
  running.set(script, known);
  return known.text;
}

/** Where people wrote what is at an offset of a text. */
export function placeIn({ path, program, map }: ModuleText, offset: number): UserPlace | undefined {
  const position = positionOf(program, offset);
  if (map !== null) return originOf(map, position);
  return { path, line: position.line, column: position.column + 1 };
}

/** A user's file as JavaScript; undefined when it is not there or not JavaScript or TypeScript. */
export async function fileText(path: string): Promise<ModuleText | undefined> {
  if (LOADERS[extname(path)] === undefined || !existsSync(path)) return undefined;
  const source = readFileSync(path, "utf8");
  const key = `${path}\n${source}`;
  if (!files.has(key)) keep(files, key, compile(path));
  return await files.get(key);
}

function readScript(script: RunningScript): ModuleText | undefined {
  const path = scriptPath(script.url);
  const program = parseProgram(script.text, script.isModule ? "module" : "commonjs");
  if (path === undefined || program === undefined) return undefined;
  return { path: existsSync(path) ? realpathSync(path) : path, program, map: mapOf(script) ?? null };
}

/** Takes the types away, as the settings of its folder say; imports stay as they are. */
async function compile(path: string): Promise<ModuleText | undefined> {
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
  return { path, program, map: traced };
}

function keep<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= KEPT_MAX) cache.delete(cache.keys().next().value!);
  cache.set(key, value);
}
