/**
 * A script and the local files it imports as one ES module, whatever the script's folder says about modules. Packages
 * stay outside and are loaded by Node as usual.
 */
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { PondError } from "@smallpond/base";
import { build, type OutputFile, stop } from "esbuild";
import { buildError, isBuildFailure } from "./build-error.ts";
import { LOADERS } from "./loaders.ts";
import { packages } from "./packages.ts";
import { SELF_DEFINES, Selves } from "./selves.ts";

export interface Bundle {
  /** The script's own address, which the module is loaded under: what it imports at run time is found from there. */
  readonly url: string;
  /** The module, with its source map inside. */
  readonly code: string;
}

/** @throws SCRIPT_NOT_FOUND, SCRIPT_INVALID naming file, line and column. */
export async function bundle(path: string): Promise<Bundle> {
  if (LOADERS[extname(path)] === undefined) throw notAScript(path);
  const selves = new Selves(path);
  try {
    const result = await build({
      entryPoints: [path],
      bundle: true,
      write: false,
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
      plugins: [packages(path), selves.plugin],
    });
    return { url: pathToFileURL(path).href, code: withSourceMap(result.outputFiles, path) };
  } catch (error) {
    throw isBuildFailure(error) ? buildError(error, selves) : error;
  } finally {
    // esbuild works in a process of its own, which would stay as long as the script runs.
    await stop();
  }
}

// ---- source map -----------------------------------------------------------------------------------------------

/** The module with its map inside, whose sources are addresses: the module has no place of its own on the disk. */
function withSourceMap(files: readonly OutputFile[], path: string): string {
  const map = JSON.parse(files.find((file) => file.path.endsWith(".map"))!.text) as { sources: string[] };
  const base = pathToFileURL(path);
  map.sources = map.sources.map((source) => new URL(encodeURI(source), base).href);
  const inline = Buffer.from(JSON.stringify(map)).toString("base64");
  const code = files.find((file) => !file.path.endsWith(".map"))!.text;
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${inline}\n`;
}

function notAScript(path: string): PondError {
  return new PondError("SCRIPT_INVALID", {
    kind: "invalid",
    message: `${path} is no TypeScript or JavaScript file`,
    details: { path },
    hint: `pond run takes ${Object.keys(LOADERS).join(" ")}; for SQL, use: pond sql --file query.sql`,
  });
}
