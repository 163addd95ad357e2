/** A script and the local files it imports as one ES module. */
import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { PondError } from "@smallpond/base";
import { buildModule, inlineMap, LOADERS, stopBuilding } from "smallpond/bundling";

export interface Bundle {
  /** The script's own address, which the module is loaded under: what it imports at run time is found from there. */
  readonly url: string;
  /** The module, with its source map inside. */
  readonly code: string;
}

/** @throws SCRIPT_NOT_FOUND, SCRIPT_INVALID naming file, line and column. */
export async function bundle(path: string): Promise<Bundle> {
  if (LOADERS[extname(path)] === undefined) throw notAScript(path);
  try {
    const packages = { home: dirname(path), fallback: ownPackage };
    const built = await buildModule({ path, isMain: true, packages });
    return { url: pathToFileURL(path).href, code: inlineMap(built) };
  } finally {
    await stopBuilding();
  }
}

const OWN = /^(smallpond|@smallpond\/[^/]+)(\/|$)/;

/** The copies this command line has, so that a script works where nothing is installed. */
function ownPackage(specifier: string): string | undefined {
  if (!OWN.test(specifier)) return undefined;
  try {
    return import.meta.resolve(specifier);
  } catch {
    return undefined;
  }
}

function notAScript(path: string): PondError {
  return new PondError("SCRIPT_INVALID", {
    kind: "invalid",
    message: `${path} is no TypeScript or JavaScript file`,
    details: { path },
    hint: `pond run takes ${Object.keys(LOADERS).join(" ")}; for SQL, use: pond sql --file query.sql`,
  });
}
