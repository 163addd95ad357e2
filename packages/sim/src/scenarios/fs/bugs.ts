/** Mistakes planted in storage, for the checkers to find. */
import type { StorageNodeDeps } from "@smallpond/fs-core";

export interface FsBug {
  readonly name: string;
  readonly storage?: NonNullable<StorageNodeDeps["bug"]>;
}

export const FS_BUGS: readonly FsBug[] = [];
