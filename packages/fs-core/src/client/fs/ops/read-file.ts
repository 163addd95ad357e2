/** Reads a whole file. */
import type { SignalOptions } from "@smallpond/base";
import { fsError } from "../../../meta/model/errors.ts";
import { unlessAborted } from "../abort.ts";
import type { FsContext } from "../context.ts";
import { about } from "../naming.ts";
import { readMany } from "../reading/read-many.ts";
import { openFile } from "./open.ts";

/** More is read in pieces by whoever wants it. */
const FILE_BYTES_MAX = 2n ** 31n;

/** As long as it was when it was opened. A small one is told together with that, in one question. */
export function readWhole(context: FsContext, path: string, options: SignalOptions): Promise<Uint8Array> {
  return about("readFile", path, async () => {
    const { local } = context;
    const untold = local.untold();
    const { file } = await openFile(context, path, "r", options);
    if (untold.has(file.inode)) {
      await unlessAborted(local.flushed(file.inode), options.signal);
      await file.refresh(options);
    }
    const { content } = file.view;
    if (content !== undefined) return content.slice();
    const { length } = file.view.file;
    if (length > FILE_BYTES_MAX) {
      throw fsError("EFBIG", "readFile", path, {
        reason: `it has ${length} bytes, and at most ${FILE_BYTES_MAX} are read at once`,
        hint: "open it and read parts, or read it as a stream",
      });
    }
    const into = new Uint8Array(Number(length));
    if (into.length === 0) return into;
    const [count] = await readMany(context, [{ file, offset: 0n, into }], { signal: options.signal });
    return count === into.length ? into : into.slice(0, count);
  });
}
