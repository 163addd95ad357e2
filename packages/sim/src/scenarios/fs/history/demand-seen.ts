/** What was appended and acknowledged is somewhere, once everything was read (I10). */
import { PondError } from "@smallpond/base";
import type { FileHistory } from "./file-history.ts";

/** Throws `APPEND_LOST` unless everything that only grows was read and has all that was acknowledged. */
export function demandSeen(history: FileHistory): void {
  const lost = history.lostAppends();
  if (lost.length === 0) return;
  throw new PondError("APPEND_LOST", {
    kind: "internal",
    message: `nobody has seen what was appended and acknowledged: writes ${lost.join()}`,
  });
}
