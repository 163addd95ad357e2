import { tmpdir } from "node:os";
import { DisposalStack, isPondError } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { type Capability, off, on } from "../../capability.ts";
import { coreAddon } from "../core-addon.ts";
import { openDiskQueue } from "../disk/open-queue.ts";
import { openBufferPool } from "../open-pool.ts";
import { BUILD } from "./addon.ts";

const PAGE = 4_096;

/** Writes a page past the page cache. */
export async function directCapability(directory: string = tmpdir()): Promise<Capability> {
  if (coreAddon().kind === "missing")
    return off("direct I/O", "needs aligned memory of the core addon", BUILD);
  try {
    const { position, memory } = await alignmentIn(directory);
    return on("direct I/O", `in ${directory}, positions in steps of ${position} bytes, memory of ${memory}`);
  } catch (error) {
    const code = isPondError(error) ? error.code : String(error);
    return off(
      "direct I/O",
      `${directory} answers ${code}`,
      "use a directory on ext4, xfs or another file system on a disk",
    );
  }
}

async function alignmentIn(parent: string): Promise<{ readonly position: number; readonly memory: number }> {
  await using stack = new DisposalStack();
  const folder = await new NodeDisk().tempDirectory({ parent });
  stack.defer(() => folder[Symbol.asyncDispose]());
  const queue = openDiskQueue({ depth: 1 });
  stack.defer(() => queue.close());
  const file = await queue.open(`${folder.path}/page`, { write: true, create: true, direct: true });
  stack.defer(() => file.close());
  using lease = openBufferPool({ regionBytes: PAGE, bytesMax: PAGE }).tryTake(PAGE)!;
  await file.write(lease, 0);
  return file.alignment;
}
