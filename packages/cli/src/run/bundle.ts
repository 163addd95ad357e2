/**
 * A script and the local files it imports as one ES module, whatever the script's folder says about modules. Packages
 * stay outside and are loaded by Node as usual.
 */
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PondError } from "@smallpond/base";
import { build, type Loader, type OutputFile, type Plugin } from "esbuild";
import { buildError, isBuildFailure } from "./build-error.ts";
import { packages } from "./packages.ts";

export interface Bundle {
  /** The script's own address, which the module is loaded under: what it imports at run time is found from there. */
  readonly url: string;
  /** The module, with its source map inside. */
  readonly code: string;
}

const LOADERS: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".jsx": "jsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
};

/** @throws SCRIPT_NOT_FOUND, SCRIPT_INVALID naming file, line and column. */
export async function bundle(path: string): Promise<Bundle> {
  const loader = LOADERS[extname(path)];
  if (loader === undefined) throw notAScript(path);
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
      // What a module says about itself is declared at the top of each file that asks.
      define: Object.fromEntries(SELF.map(({ name, variable }) => [name, variable])),
      plugins: [packages(path), selves(path)],
    });
    return { url: pathToFileURL(path).href, code: withSourceMap(result.outputFiles, path) };
  } catch (error) {
    throw isBuildFailure(error) ? buildError(error) : error;
  }
}

// ---- what modules know about themselves ---------------------------------------------------------------------------

interface SelfReference {
  readonly name: string;
  readonly variable: string;
  readonly value: (path: string, entry: string) => unknown;
}

const SELF: readonly SelfReference[] = [
  { name: "import.meta.url", variable: "__pondUrl", value: (path) => pathToFileURL(path).href },
  { name: "import.meta.filename", variable: "__pondFilename", value: (path) => path },
  { name: "import.meta.dirname", variable: "__pondDirname", value: directoryOf },
  { name: "import.meta.main", variable: "__pondMain", value: (path, entry) => path === entry },
  { name: "__filename", variable: "__pondFilename", value: (path) => path },
  { name: "__dirname", variable: "__pondDirname", value: directoryOf },
];

/** Gives each file its own `import.meta.url` and the like, which esbuild's `define` can only set for all. */
function selves(entry: string): Plugin {
  return {
    name: "pond-selves",
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const used = SELF.filter(({ name }) =>
          text.includes(name.startsWith("import.") ? "import.meta" : name),
        );
        if (used.length === 0) return undefined;
        const values = new Map(used.map(({ variable, value }) => [variable, value(path, entry)]));
        const declared = [...values].map(([variable, value]) => `${variable} = ${JSON.stringify(value)}`);
        // On the first line, so that the numbers of lines stay; `#!` is only allowed at the very beginning.
        const contents = `var ${declared.join(", ")}; ${text.replace(/^#!/, "// ")}`;
        return { contents, loader: LOADERS[extname(path)] ?? "js" };
      });
    },
  };
}

function directoryOf(path: string): string {
  return fileURLToPath(new URL(".", pathToFileURL(path))).replace(/(?<=[^:])[/\\]$/, "");
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
