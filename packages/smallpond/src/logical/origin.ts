/** Where in the user's script a frame was made, for error messages and `explain()`. */
import { fileURLToPath } from "node:url";

export interface Origin {
  /** `/home/me/job.ts:12:30`, or undefined when the frame was made by code that has no file. */
  location(): string | undefined;
}

/**
 * Remembers the caller. The stack is only read when somebody asks: with source maps on, that costs a file read.
 */
export function captureOrigin(): Origin {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const error = new Error("origin");
  Error.stackTraceLimit = limit;
  return { location: () => firstForeignFrame(error.stack ?? "") };
}

/** For frames that no line of a script made. */
export const NO_ORIGIN: Origin = { location: () => undefined };

// This file is `<package>/src/logical/origin.ts` or `<package>/dist/logical/origin.js`.
const PACKAGE_SOURCES = fileURLToPath(new URL("../", import.meta.url));

function firstForeignFrame(stack: string): string | undefined {
  for (const line of stack.split("\n").slice(1)) {
    const frame = parseFrame(line);
    if (frame === undefined || frame.startsWith("node:") || frame.startsWith("<")) continue;
    const path = frame.startsWith("file://") ? fromUrl(frame) : frame;
    // With source maps a frame of ours in dist is shown as one of src.
    const own =
      path.startsWith(PACKAGE_SOURCES) || path.startsWith(PACKAGE_SOURCES.replace(/dist\/$/, "src/"));
    if (!own) return path;
  }
  return undefined;
}

/** `    at name (file:///a/b.ts:1:2)` or `    at /a/b.ts:1:2` → the part with the position. */
function parseFrame(line: string): string | undefined {
  const inParens = /\(([^()]+:\d+:\d+)\)\s*$/.exec(line)?.[1];
  return inParens ?? /^\s*at (?:async )?(\S+:\d+:\d+)\s*$/.exec(line)?.[1];
}

function fromUrl(frame: string): string {
  const [, url, position] = /^(.*?)(:\d+:\d+)$/.exec(frame) ?? [];
  if (url === undefined) return frame;
  try {
    return fileURLToPath(url) + position;
  } catch {
    return frame;
  }
}
