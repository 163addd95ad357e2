/** Where in the user's own files an error was thrown, for errors that do not say so themselves. */
import { fileURLToPath } from "node:url";

export function userLocation(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  for (const line of error.stack.split("\n")) {
    const frame = /^\s+at (?:.*\()?([^()\s][^()]*:\d+:\d+)\)?$/.exec(line)?.[1]?.replace(/^async /, "");
    if (frame === undefined || frame.startsWith("node:") || frame.includes("node_modules")) continue;
    return frame.startsWith("file://") ? fromUrl(frame) : frame;
  }
  return undefined;
}

function fromUrl(frame: string): string {
  const [, url, position] = /^(.*?)(:\d+:\d+)$/.exec(frame) ?? [];
  return url === undefined ? frame : `${fileURLToPath(url)}${position}`;
}
