/** Which imports are left to Node: packages, found from the file that imports them as Node would find them. */
import { isBuiltin } from "node:module";
import { dirname, extname, isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";

/** Files that Node cannot load by itself, or not without being told what they are. */
const BUNDLED = new Set([".ts", ".mts", ".cts", ".tsx", ".jsx", ".json"]);
const OWN = /^(smallpond|@smallpond\/[^/]+)(\/|$)/;
const SEEN = Symbol("seen by this plugin");

export function packages(entry: string): Plugin {
  return {
    name: "pond-packages",
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (args) => {
        if (args.pluginData === SEEN || args.kind === "entry-point" || isPath(args.path)) return undefined;
        if (isBuiltin(args.path)) return { path: args.path, external: true };
        return await resolvePackage(build, args, dirname(entry));
      });
    },
  };
}

async function resolvePackage(
  build: PluginBuild,
  args: OnResolveArgs,
  entryDirectory: string,
): Promise<OnResolveResult | undefined> {
  const found = await resolveFrom(build, args, args.resolveDir);
  if (found === undefined) return own(args) ?? missing(args);
  if (BUNDLED.has(extname(found))) return { path: found };
  // Node looks from the script's folder, and by its own rules, unless a file elsewhere finds another copy.
  const fromEntry =
    args.resolveDir === entryDirectory ? found : await resolveFrom(build, args, entryDirectory);
  return { path: fromEntry === found ? args.path : addressOf(found, args), external: true };
}

async function resolveFrom(
  build: PluginBuild,
  args: OnResolveArgs,
  resolveDir: string,
): Promise<string | undefined> {
  const { path, kind, importer } = args;
  const { path: found, errors } = await build.resolve(path, { kind, importer, resolveDir, pluginData: SEEN });
  return errors.length > 0 || found === "" ? undefined : found;
}

/** The copies this command line has, so that a script works where nothing is installed. */
function own(args: OnResolveArgs): OnResolveResult | undefined {
  if (!OWN.test(args.path)) return undefined;
  try {
    const found = fileURLToPath(import.meta.resolve(args.path));
    return { path: addressOf(found, args), external: true };
  } catch {
    return undefined;
  }
}

/** A package that is not there fails the build where it is a static import, and at run time where a script may catch it. */
function missing(args: OnResolveArgs): OnResolveResult {
  if (args.kind !== "import-statement") return { path: args.path, external: true };
  const name = args.path
    .split("/")
    .slice(0, args.path.startsWith("@") ? 2 : 1)
    .join("/");
  const text = `Could not find the package "${name}"`;
  return { errors: [{ text, notes: [{ text: `run \`npm install ${name}\` in ${args.resolveDir}` }] }] };
}

/** `import` takes addresses, `require` takes paths. */
function addressOf(path: string, { kind }: OnResolveArgs): string {
  return kind.startsWith("require") ? path : pathToFileURL(path).href;
}

function isPath(specifier: string): boolean {
  return /^\.{0,2}(\/|$)/.test(specifier) || specifier === ".." || isAbsolute(specifier) || isUrl(specifier);
}

function isUrl(specifier: string): boolean {
  return /^(file|data|https?):/.test(specifier);
}
