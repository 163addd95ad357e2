/** What runs this job, for those who look at it later. */
import { readFileSync } from "node:fs";

export interface ThisProcess {
  /** Of this package; empty where it cannot be told. */
  readonly smallpond: string;
  readonly node: string;
  readonly platform: string;
  readonly commandLine: readonly string[];
  /** Relative paths start here. */
  readonly directory: string;
}

export function thisProcess(): ThisProcess {
  return {
    smallpond: version(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    commandLine: process.argv,
    directory: process.cwd(),
  };
}

function version(): string {
  try {
    const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    return (JSON.parse(manifest) as { version: string }).version;
  } catch {
    return "";
  }
}
