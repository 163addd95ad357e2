/** Source maps: reading the one of a script, and asking it. */
import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { AnyMap, originalPositionFor, type TraceMap } from "@jridgewell/trace-mapping";
import type { RunningScript } from "./locate.ts";

/** A place in a user's file. Lines and columns count from 1. */
export interface UserPlace {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** The address of a script, without what loaders add to it; undefined when it is no file. */
export function scriptPath(url: string): string | undefined {
  if (isAbsolute(url)) return url;
  try {
    const { protocol, href } = new URL(url);
    return protocol === "file:" ? fileURLToPath(href.replace(/[?#].*$/, "")) : undefined;
  } catch {
    return undefined;
  }
}

/** The map of a script, its sources as addresses; undefined when it has none or it cannot be read. */
export function mapOf({ url, mapUrl }: RunningScript): TraceMap | undefined {
  if (mapUrl === "") return undefined;
  const path = scriptPath(url);
  try {
    const base = path === undefined ? "file:///" : pathToFileURL(path).href;
    const isData = mapUrl.startsWith("data:");
    const text = isData ? dataOf(mapUrl) : readFileSync(new URL(mapUrl, base), "utf8");
    return new AnyMap(text, isData ? base : new URL(mapUrl, base).href);
  } catch {
    // A map is a help for people; scripts run without the file that it should be in.
    return undefined;
  }
}

function dataOf(url: string): string {
  const [head, body = ""] = [url.slice(0, url.indexOf(",")), url.slice(url.indexOf(",") + 1)];
  return head.endsWith(";base64") ? Buffer.from(body, "base64").toString("utf8") : decodeURIComponent(body);
}

/** Where a place in a mapped text comes from. Lines count from 1, columns from 0, as in the map's library. */
export function originOf(map: TraceMap, place: { line: number; column: number }): UserPlace | undefined {
  const { source, line, column } = originalPositionFor(map, place);
  const path = source === null ? undefined : scriptPath(source);
  return path === undefined || line === null ? undefined : { path, line, column: column + 1 };
}

export function addressOf(path: string): string {
  return pathToFileURL(path).href;
}
