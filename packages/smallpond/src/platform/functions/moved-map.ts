/** The source map of a text that was put together from parts of another. */
import { encode, type SourceMapSegment } from "@jridgewell/sourcemap-codec";
import { decodedMappings } from "@jridgewell/trace-mapping";
import { lineStarts, type Program, positionIn } from "../../functions/source/program.ts";
import type { SourceMap } from "../bundling/build-module.ts";
import type { ModuleText } from "./module-text.ts";
import { addressOf } from "./source-map.ts";

/** Characters that were at `from` in the old text and are at `to` in the new one. */
export interface Moved {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** A place in the old text, and where people wrote it: lines and columns count from 0. */
interface Mapping {
  readonly offset: number;
  readonly source: number;
  readonly line: number;
  readonly column: number;
}

export function movedMap(text: string, parts: readonly Moved[], module: ModuleText): SourceMap {
  const starts = lineStarts(text);
  const lines: SourceMapSegment[][] = starts.map(() => []);
  const sources = new Map<number, number>();
  for (const part of parts) {
    for (const { offset, source, line, column } of mappingsIn(module, part, text)) {
      const at = offset - part.from + part.to;
      // Blanks stand for what was left out.
      if (text[at] === " ") continue;
      const place = positionIn(starts, at);
      if (!sources.has(source)) sources.set(source, sources.size);
      lines[place.line - 1]!.push([place.column, sources.get(source)!, line, column]);
    }
  }
  const { resolvedSources, sourcesContent } = module.map ?? {
    resolvedSources: [addressOf(module.path)],
    sourcesContent: [module.program.text],
  };
  return {
    version: 3,
    sources: [...sources.keys()].map((source) => resolvedSources[source] ?? ""),
    sourcesContent: [...sources.keys()].map((source) => sourcesContent?.[source] ?? null),
    names: [],
    mappings: encode(lines.map((line) => line.sort((a, b) => a[0] - b[0]))),
  };
}

function* mappingsIn({ program, map }: ModuleText, part: Moved, text: string): Generator<Mapping> {
  if (map === null) {
    yield* identity(program, part, text);
    return;
  }
  const decoded = decodedMappings(map);
  const first = positionIn(program.lines, part.from).line - 1;
  const last = positionIn(program.lines, part.from + part.length).line - 1;
  for (let at = first; at <= last; at++) {
    for (const segment of decoded[at] ?? []) {
      const offset = program.lines[at]! + segment[0];
      if (segment.length === 1 || offset < part.from || offset >= part.from + part.length) continue;
      yield { offset, source: segment[1], line: segment[2], column: segment[3] };
    }
  }
}

/** Every word that is left of a text that is the user's own. */
function* identity({ lines }: Program, { from, to, length }: Moved, text: string): Generator<Mapping> {
  for (const { index } of text.slice(to, to + length).matchAll(/\w+|[^\w\s]/g)) {
    const { line, column } = positionIn(lines, from + index);
    yield { offset: from + index, source: 0, line: line - 1, column };
  }
}
