/** Unix sockets stay in their directory when the process that listened is killed. */
import { stat, unlink } from "node:fs/promises";
import type { NetAddress } from "@smallpond/base";
import { isPondError } from "@smallpond/base";
import { NodeNet } from "@smallpond/base/platform/node";

/** Removes the socket at the address if nobody listens there any more. Anything else there is left alone. */
export async function removeStaleSocket(address: NetAddress): Promise<void> {
  if (address.kind !== "unix") return;
  const found = await stat(address.path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  try {
    await (await new NodeNet().connect(address)).close();
  } catch (error) {
    if (isPondError(error, "ECONNREFUSED")) await unlink(address.path).catch(() => {});
  }
}
