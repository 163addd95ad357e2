/** Which packages a bundle leaves outside, in which versions: code that is not in the bundle and yet decides what it does. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** A line per file. A package that is not installed but linked has no version to go by, so its text counts. */
export function packageVersions(files: Iterable<string>): string {
  return [...files]
    .sort()
    .map((file) => `${file} ${manifestOf(file)} ${isInstalled(file) ? "" : digest(file)}`)
    .join("\n");
}

function manifestOf(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (!existsSync(path)) continue;
    const { name, version } = JSON.parse(readFileSync(path, "utf8")) as { name?: string; version?: string };
    // Some packages have a manifest per folder that only says what kind of modules are there.
    if (name !== undefined && version !== undefined) return `${name}@${version}`;
  }
  return "";
}

function isInstalled(file: string): boolean {
  return existsSync(file) && realpathSync(file).includes("/node_modules/");
}

function digest(file: string): string {
  return existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : "";
}
