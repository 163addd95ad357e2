/** Turns Node's errno exceptions into `DiskError`s; anything else is a bug and passes through. */
import { type DiskErrorDetails, diskError } from "../../disk.ts";

export async function attempt<T>(details: DiskErrorDetails, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Node's own argument checks carry ERR_… codes: those are ours to fix, not outcomes to handle.
    if (typeof code !== "string" || code.startsWith("ERR_")) throw error;
    throw diskError(code, details, { cause: error });
  }
}
