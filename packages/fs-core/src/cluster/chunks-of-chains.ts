/** A mind's way to its storage services: by the routing that its agent follows, as a member of the cluster. */
import type { Clock, Random } from "@smallpond/base";
import type { BufferPool, Crc32c } from "@smallpond/fs-native";
import { ChainChunks } from "../client/io/chain-chunks.ts";
import type { ChunkService } from "../meta/collect/chunk-service.ts";
import { CapabilityKey } from "../service/capability.ts";
import type { Crypto } from "../service/crypto.ts";
import type { Metrics } from "../service/metrics.ts";
import { askSpace } from "./chain-space.ts";
import type { ChunksOf } from "./mind-node.ts";

export interface ChunksOfChainsDeps extends ChunksOf {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly crc32c: Crc32c;
  readonly pool: BufferPool;
  readonly metrics: Metrics;
  /** The cluster's. */
  readonly secret: Uint8Array;
}

/** For `MindDeps.chunks`. */
export function chunksOfChains(
  deps: ChunksOfChainsDeps,
  settings: { readonly nodesPerDisk?: number | undefined } = {},
): ChunkService {
  const { agent, secret } = deps;
  return new ChainChunks({
    ...deps,
    routing: agent,
    capabilities: new CapabilityKey(deps, { secrets: [secret] }),
    space: (options) => askSpace(agent, { ...options, ...settings }),
  });
}
