/**
 * A module and the local files it imports as one ES module, whatever its folder says about modules. Packages stay
 * outside and are loaded by Node as usual.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type OutputFile, type Plugin, stop } from "esbuild";
import { buildError, isBuildFailure } from "./build-error.ts";
import { type PackageSettings, packages } from "./packages.ts";
import { SELF_DEFINES, Selves } from "./selves.ts";
import { TEXT_NAMESPACE, textEntry } from "./text-entry.ts";

export interface BuildRequest {
  readonly path: string;
  /** JavaScript that is built instead of the file, as if it stood there, and where its lines come from. */
  readonly text?: BuiltModule;
  /** Whether the module is the program, as `import.meta.main` and `require.main` say. */
  readonly isMain: boolean;
  readonly packages: PackageSettings;
  /** What comments in the code name files from; default is where the process is. */
  readonly directory?: string;
}

export interface BuiltModule {
  readonly code: string;
  readonly map: SourceMap;
}

/** As far as anybody reads it here. */
export interface SourceMap {
  /** Addresses. */
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
  readonly mappings: string;
  readonly [field: string]: unknown;
}

/** @throws SCRIPT_INVALID naming file, line and column. */
export async function buildModule(request: BuildRequest): Promise<BuiltModule> {
  const { path, text, isMain } = request;
  const selves = new Selves(isMain ? path : null);
  const plugins: Plugin[] = [packages(request.packages), selves.plugin];
  if (text !== undefined) plugins.unshift(textEntry(path, introduced(path, text, selves)));
  try {
    const result = await build({
      entryPoints: [path],
      bundle: true,
      write: false,
      absWorkingDir: request.directory ?? process.cwd(),
      format: "esm",
      platform: "node",
      target: `node${process.versions.node}`,
      outfile: `${path}.bundle.mjs`,
      sourcemap: "external",
      sourcesContent: true,
      logLevel: "silent",
      // With an empty list, `module` is no condition, as in Node.
      conditions: [],
      mainFields: ["main", "module"],
      define: SELF_DEFINES,
      plugins,
    });
    return outputOf(result.outputFiles, path, selves);
  } catch (error) {
    throw isBuildFailure(error) ? buildError(error, selves) : error;
  }
}

/** The module with its map inside. */
export function inlineMap({ code, map }: BuiltModule): string {
  const inline = Buffer.from(JSON.stringify(map)).toString("base64");
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${inline}\n`;
}

/** esbuild works in a process of its own, which would stay as long as this one. */
export async function stopBuilding(): Promise<void> {
  await stop();
}

/** Told about itself on a line before its first. */
function introduced(path: string, { code, map }: BuiltModule, selves: Selves): string {
  const shifted = { ...map, mappings: `;${map.mappings}` };
  return inlineMap({ code: `${selves.declarations(path, code)}\n${code}`, map: shifted });
}

function outputOf(files: readonly OutputFile[], path: string, selves: Selves): BuiltModule {
  const map = JSON.parse(files.find((file) => file.path.endsWith(".map"))!.text) as SourceMap;
  const base = pathToFileURL(path);
  // The module has no place of its own on the disk, so its sources are addresses.
  const sources = map.sources.map((source) => {
    const named = source.startsWith(`${TEXT_NAMESPACE}:`) ? source.slice(TEXT_NAMESPACE.length + 1) : source;
    return new URL(named.startsWith("file:") ? named : encodeURI(named), base).href;
  });
  // As people wrote them, without what they were told about themselves.
  const sourcesContent = map.sourcesContent?.map((text, at) => {
    const source = sources[at]!;
    return source.startsWith("file:") ? (text?.slice(selves.addedTo(fileURLToPath(source))) ?? null) : text;
  });
  return {
    code: files.find((file) => !file.path.endsWith(".map"))!.text,
    map: { ...map, sources, ...(sourcesContent === undefined ? {} : { sourcesContent }) },
  };
}
