/** The source map of a text that was put together from parts of another. */
import { encode, type SourceMapSegment } from "@jridgewell/sourcemap-codec";
import { decodedMappings } from "@jridgewell/trace-mapping";
import { lineStarts } from "../../functions/source/program.ts";
import type { SourceMap } from "../bundling/build-module.ts";
import type { ModuleText } from "./module-text.ts";

/** Characters that were at `from` in the old text and are at `to` in the new one. */
export interface Moved {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

export function movedMap(text: string, parts: readonly Moved[], { program, map }: ModuleText): SourceMap {
  const oldStarts = program.lines;
  const newStarts = lineStarts(text);
  const lines: SourceMapSegment[][] = newStarts.map(() => []);
  decodedMappings(map).forEach((segments, line) => {
    for (const segment of segments) {
      const offset = (oldStarts[line] ?? Number.POSITIVE_INFINITY) + segment[0];
      const part = parts.find(({ from, length }) => offset >= from && offset < from + length);
      if (part === undefined || segment.length === 1) continue;
      const at = offset - part.from + part.to;
      const newLine = newStarts.findLastIndex((start) => start <= at);
      lines[newLine]!.push([at - newStarts[newLine]!, segment[1], segment[2], segment[3]]);
    }
  });
  const sorted = lines.map((line) => line.sort((a, b) => a[0] - b[0]));
  return used({
    version: 3,
    sources: map.resolvedSources.map((source) => source ?? ""),
    names: [],
    mappings: encode(sorted),
  });
}

/** A map that says nothing has no need of its sources. */
function used(map: SourceMap): SourceMap {
  return /^;*$/.test(map.mappings) ? { ...map, sources: [], mappings: "" } : map;
}
