/** A mind's way to its storage services: by the routing that its agent follows, as a member of the cluster. */
import { type Clock, NO_PROBES, type Probes, type Random, type SignalOptions } from "@smallpond/base";
import type { BufferPool, Crc32c } from "@smallpond/fs-native";
import { ChainChunks } from "../client/chunks/chain-chunks.ts";
import type { ChunkService } from "../meta/collect/chunk-service.ts";
import type { NodeAgent } from "../mgmtd/agent/node-agent.ts";
import { WATCH_ROUTING } from "../mgmtd/service/methods.ts";
import { CapabilityKey } from "../service/capability.ts";
import type { Crypto } from "../service/crypto.ts";
import { type Logger, silentLogger } from "../service/log.ts";
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
  /** Default: says nothing. */
  readonly log?: Logger;
  readonly probes?: Probes;
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
    log: silentLogger(),
    probes: NO_PROBES,
    ...deps,
    routing: agent.routingCache,
    newest: (options) => newest(agent, options),
    capabilities: new CapabilityKey(deps, { secrets: [secret] }),
    space: (options) => askSpace(agent, { ...options, ...settings }),
  });
}

/** Resolves when the agent knows what the primary did at the call. */
async function newest({ finder, routingCache }: NodeAgent, options: SignalOptions): Promise<void> {
  let { version: since } = routingCache.routing;
  for (let more = true; more; ) {
    const changes = await finder.call(WATCH_ROUTING, { since, waitMs: 0 }, options);
    ({ version: since, more } = changes);
  }
  await routingCache.waitFor(since, options);
}
