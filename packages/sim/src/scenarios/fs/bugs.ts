/** Mistakes planted in storage and its clients, for the checkers to find. */
import type { ChainBug, ConnectDeps, ResyncBug, StorageNodeDeps } from "@smallpond/fs-core";

export interface FsBug {
  readonly name: string;
  readonly storage?: NonNullable<StorageNodeDeps["bug"]>;
  readonly client?: Pick<ConnectDeps, "bug" | "chunkBug">;
}

const CHAIN_BUGS: readonly ChainBug[] = [
  "ack-before-forward",
  "dirty-read",
  "no-lease-check",
  "settle-without-dedupe",
  "new-tail-serves-old",
  "any-chain-version",
  "no-link-check",
];
const RESYNC_BUGS: readonly ResyncBug[] = ["compare-versions-only", "forget-notes"];
const CHUNK_BUGS: readonly NonNullable<ConnectDeps["chunkBug"]>[] = [
  "new-identity-on-retry",
  "no-fence",
  "relaxed-reads",
];
const FILE_BUGS: readonly NonNullable<ConnectDeps["bug"]>[] = [
  "zeros-unasked",
  "end-unasked",
  "close-unsettled",
  "stale-ahead",
];

export const FS_BUGS: readonly FsBug[] = [
  ...CHAIN_BUGS.map((chain) => ({ name: chain, storage: { chain } })),
  ...RESYNC_BUGS.map((resync) => ({ name: resync, storage: { resync } })),
  ...CHUNK_BUGS.map((chunkBug) => ({ name: chunkBug, client: { chunkBug } })),
  ...FILE_BUGS.map((bug) => ({ name: bug, client: { bug } })),
];
