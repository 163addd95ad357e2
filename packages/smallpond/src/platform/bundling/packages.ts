/** Which imports are left to Node: packages, found from the file that imports them as Node would find them. */
import { isBuiltin } from "node:module";
import { extname, isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import { TEXT_NAMESPACE } from "./text-entry.ts";

/** Files that Node cannot load by itself, or not without being told what they are. */
const BUNDLED = new Set([".ts", ".mts", ".cts", ".tsx", ".jsx", ".json"]);
const SEEN = Symbol("seen by this plugin");

export interface PackageSettings {
  /** Packages that are found from this folder too keep the name they were imported by; null names all by address. */
  readonly home: string | null;
  /** The address of a package for scripts that stand where nothing is installed. */
  readonly fallback: (specifier: string) => string | undefined;
  /** Told the file of each package that is left outside. */
  readonly onPackage?: (path: string) => void;
}

export function packages(settings: PackageSettings): Plugin {
  return {
    name: "pond-packages",
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (args) => {
        if (args.pluginData === SEEN || args.kind === "entry-point") return undefined;
        if (isBuiltin(args.path)) return { path: args.path, external: true };
        if (args.path.startsWith("file:")) return byAddress(args.path, settings);
        if (isPath(args.path))
          return args.namespace === TEXT_NAMESPACE ? await besideText(build, args) : undefined;
        return await resolvePackage(build, args, settings);
      });
    },
  };
}

async function resolvePackage(
  build: PluginBuild,
  args: OnResolveArgs,
  settings: PackageSettings,
): Promise<OnResolveResult | undefined> {
  const found = await resolveFrom(build, args, args.resolveDir);
  if (found === undefined) return installed(args, settings) ?? missing(args);
  if (BUNDLED.has(extname(found))) return { path: found };
  settings.onPackage?.(found);
  const { home } = settings;
  if (home === null) return { path: addressOf(found, args), external: true };
  // Node looks from the script's folder, and by its own rules, unless a file elsewhere finds another copy.
  const fromHome = args.resolveDir === home ? found : await resolveFrom(build, args, home);
  return { path: fromHome === found ? args.path : addressOf(found, args), external: true };
}

/** What a text imports is found as the file that it stands for would find it. */
async function besideText(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
  const found = await resolveFrom(build, args, args.resolveDir);
  return found === undefined ? undefined : { path: found };
}

function byAddress(url: string, { onPackage }: PackageSettings): OnResolveResult {
  const path = fileURLToPath(url);
  if (BUNDLED.has(extname(path))) return { path };
  onPackage?.(path);
  return { path: url, external: true };
}

async function resolveFrom(
  build: PluginBuild,
  args: OnResolveArgs,
  resolveDir: string,
): Promise<string | undefined> {
  const { path, kind, importer } = args;
  const options = { kind, importer, resolveDir, namespace: "file", pluginData: SEEN };
  const { path: found, errors } = await build.resolve(path, options);
  return errors.length > 0 || found === "" ? undefined : found;
}

function installed(args: OnResolveArgs, settings: PackageSettings): OnResolveResult | undefined {
  const url = settings.fallback(args.path);
  if (url === undefined) return undefined;
  const path = fileURLToPath(url);
  settings.onPackage?.(path);
  return { path: addressOf(path, args), external: true };
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
  return /^(data|https?):/.test(specifier);
}
