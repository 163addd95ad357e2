/**
 * The configuration that the cluster manager hands out to storage nodes: what may change while they run. A line is
 * `name = number`, as in TOML; what a text does not name is as the node was started with. A text with anything else in it is
 * refused as a whole, so that nobody takes for set what is not.
 */
import { PondError } from "@smallpond/base";
import type { CareSettings } from "../repair/settings.ts";

export type LiveSettings = Partial<Pick<CareSettings, "bytesPerSecond" | "cycleMs">>;

const HOUR_MS = 3_600_000;
/** Each with what one of its unit is. */
const NAMES: ReadonlyMap<string, readonly [keyof LiveSettings, number]> = new Map([
  ["scrub-bytes-per-second", ["bytesPerSecond", 1]],
  ["scrub-cycle-hours", ["cycleMs", HOUR_MS]],
]);

/** @throws BAD_CONFIG */
export function parseLiveSettings(text: string): LiveSettings {
  const settings: { -readonly [Name in keyof LiveSettings]: LiveSettings[Name] } = {};
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.replace(/#.*/, "").trim();
    if (line === "") continue;
    const [, name = "", value = ""] = /^([a-z-]+)\s*=\s*([0-9][0-9_]*)$/.exec(line) ?? [];
    const known = NAMES.get(name);
    const count = Number(value.replaceAll("_", ""));
    if (known === undefined || !(count > 0) || !Number.isSafeInteger(count)) throw bad(at + 1, line);
    settings[known[0]] = count * known[1];
  }
  return settings;
}

function bad(line: number, found: string): PondError<"BAD_CONFIG"> {
  return new PondError("BAD_CONFIG", {
    kind: "invalid",
    message: `line ${line} is nothing that storage nodes can be set to: ${found.slice(0, 80)}`,
    hint: `they know ${[...NAMES.keys()].join(" and ")}, a whole number above 0 each`,
  });
}
