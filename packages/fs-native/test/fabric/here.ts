/** Whether tests over libfabric can run on this machine. */
import { formatError, isPondError } from "@smallpond/base";
import { openBufferPool, openFabric } from "@smallpond/fs-native";

export const PROVIDER = { provider: "tcp;ofi_rxm", host: "127.0.0.1" } as const;

/** Why not, or undefined. */
export async function withoutFabric(): Promise<string | undefined> {
  using pool = openBufferPool();
  try {
    await using _endpoint = await openFabric(pool, PROVIDER);
    return undefined;
  } catch (error) {
    if (isPondError(error, "ENOFABRIC")) return formatError(error);
    throw error;
  }
}
