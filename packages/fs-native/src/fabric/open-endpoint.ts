/** Puts an endpoint together from a driver and a pool. */
import type { Clock } from "@smallpond/base";
import type { BufferPool } from "../memory/pool.ts";
import type { FabricDriver } from "./driver.ts";
import { DriverEndpoint } from "./endpoint.ts";
import type { FabricEndpoint } from "./fabric.ts";
import type { FabricSettings } from "./fabric-settings.ts";
import { arenaBytes, MessageArena } from "./message-arena.ts";

export interface OpenEndpointDeps {
  readonly pool: BufferPool;
  readonly clock: Clock;
}

/** Settings beyond what the provider has room for are cut to that. */
export async function openEndpoint(
  { pool, clock }: OpenEndpointDeps,
  asked: FabricSettings,
  openDriver: () => FabricDriver,
): Promise<FabricEndpoint> {
  const lease = await pool.take(arenaBytes(asked));
  try {
    const driver = openDriver();
    const { transmitDepthMax, receiveDepthMax } = driver.limits;
    const settings = {
      ...asked,
      depth: Math.min(asked.depth, transmitDepthMax),
      receiveBuffers: Math.min(asked.receiveBuffers, receiveDepthMax),
    };
    return new DriverEndpoint({ driver, clock, arena: new MessageArena(lease, settings) }, settings);
  } catch (error) {
    lease.release();
    throw error;
  }
}
