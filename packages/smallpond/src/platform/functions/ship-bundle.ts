/** Functions that need other code, as a bundle that has all of it but packages. */
import { createHash, randomUUID } from "node:crypto";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { isPondError, type PondError } from "@smallpond/base";
import { functionError } from "../../functions/errors.ts";
import { type Binding, DEFAULT } from "../../functions/source/program.ts";
import { DEFAULT_VARIABLE, type Slice } from "../../functions/source/slice.ts";
import type { FunctionCode } from "../../functions/spec.ts";
import { type BuiltModule, buildModule, inlineMap, type SourceMap } from "../bundling/build-module.ts";
import type { CaptureSettings } from "./capture.ts";
import type { ModuleText } from "./module-text.ts";
import { movedMap } from "./moved-map.ts";
import { packageVersions } from "./package-versions.ts";

/** A bundle of a part of a file. */
export async function shipSlice(
  module: ModuleText,
  { binding, slice }: { readonly binding: Binding; readonly slice: Extract<Slice, { kind: "sound" }> },
  settings: CaptureSettings,
): Promise<FunctionCode> {
  const isDefault = binding.name === DEFAULT;
  const exportName = isDefault ? "default" : binding.name;
  const code = `${slice.text}\nexport { ${isDefault ? DEFAULT_VARIABLE : binding.name} as ${exportName} };\n`;
  const whole = { from: 0, to: 0, length: slice.text.length };
  return await ship(
    module.path,
    { code, map: movedMap(slice.text, [whole], module) },
    { exportName, settings },
  );
}

/** A bundle of a whole module, without what the export does not need. */
export async function shipModule(
  path: string,
  exportName: string,
  settings: CaptureSettings,
): Promise<FunctionCode> {
  const code = `export { ${JSON.stringify(exportName)} as ${JSON.stringify(exportName)} } from ${JSON.stringify(`./${basename(path)}`)};\n`;
  return await ship(path, { code, map: NO_MAP }, { exportName, settings });
}

const NO_MAP: SourceMap = { version: 3, sources: [], names: [], mappings: "" };

interface Built extends BuiltModule {
  /** Of the code and the packages it imports. */
  readonly hash: string;
}

// A module that is captured again was not loaded again, so what it was the first time is what runs.
const built = new Map<string, Promise<Built>>();
const BUILT_MAX = 1_000;

async function ship(
  path: string,
  text: BuiltModule,
  { exportName, settings }: { readonly exportName: string; readonly settings: CaptureSettings },
): Promise<FunctionCode> {
  const key = `${path}\n${text.map.mappings}\n${text.code}`;
  const known = built.get(key) ?? buildText(path, text, settings.name);
  if (!built.has(key) && built.size >= BUILT_MAX) built.delete(built.keys().next().value!);
  built.set(key, known);
  try {
    const bundle = await known;
    return { kind: "bundle", path: await write(bundle, settings), hash: bundle.hash, exportName };
  } catch (error) {
    built.delete(key);
    throw error;
  }
}

async function buildText(path: string, text: BuiltModule, name: string): Promise<Built> {
  const files = new Set<string>();
  const packages = { home: null, fallback: ownPackage, onPackage: (file: string) => files.add(file) };
  try {
    const result = withRequire(
      await buildModule({ path, text, isMain: false, packages, directory: "/" }),
      path,
    );
    const hash = createHash("sha256")
      .update(result.code)
      .update("\0")
      .update(packageVersions(files))
      .digest("hex");
    return { ...result, hash };
  } catch (error) {
    throw isPondError(error, "SCRIPT_INVALID") ? bundleFailed(error, name) : error;
  }
}

const OWN = /^(smallpond|@smallpond\/[^/]+)(\/|$)/;

function ownPackage(specifier: string): string | undefined {
  if (!OWN.test(specifier)) return undefined;
  try {
    return import.meta.resolve(specifier);
  } catch {
    return undefined;
  }
}

/** CommonJS files among those in the bundle may require packages. */
function withRequire({ code, map }: BuiltModule, path: string): BuiltModule {
  if (!/\b__require\d*\b/.test(code) || /^(const|let|var) require\b/m.test(code)) return { code, map };
  const from = JSON.stringify(pathToFileURL(path).href);
  const line = `import { createRequire as __pondRequire } from "node:module"; const require = __pondRequire(${from});`;
  return { code: `${line}\n${code}`, map: { ...map, mappings: `;${map.mappings}` } };
}

/** Written once, and whole or not at all: another process may be about to load it. */
async function write(bundle: Built, { disk, directory }: CaptureSettings): Promise<string> {
  const path = `${directory}/${bundle.hash}.mjs`;
  if (await disk.exists(path)) return path;
  await disk.mkdir(directory, { recursive: true });
  const temporary = `${directory}/.${bundle.hash}.${randomUUID()}`;
  await disk.writeFile(temporary, inlineMap(withPaths(bundle)));
  await disk.rename({ from: temporary, to: path });
  return path;
}

/** A file's map usually has paths; some tools that show stacks take addresses for relative ones. */
function withPaths({ code, map }: BuiltModule): BuiltModule {
  return { code, map: { ...map, sources: map.sources.map((source) => new URL(source).pathname) } };
}

function bundleFailed(error: PondError, name: string): Error {
  const missing = /No matching export in "(?:pond-text:)?([^"]*)" for import "([^"]*)"/.exec(error.message);
  if (missing !== null) {
    const [, file = "", exportName = ""] = missing;
    return functionError("MODULE_EXPORT_NOT_FOUND", name, {
      message: `${basename(file)} exports no ${exportName}`,
      hint: `write \`export\` before it, or give fromModule() the name that ${basename(file)} exports it as`,
      location: `/${file.replace(/^\//, "")}`,
      cause: error,
    });
  }
  return functionError("FUNCTION_BUNDLE_FAILED", name, {
    message: `${name}() cannot be bundled with what it imports: ${error.message}`,
    hint: error.hint ?? "every import of the function's module must be found from there",
    cause: error,
  });
}
