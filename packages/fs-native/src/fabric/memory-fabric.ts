/**
 * A fabric in memory: endpoints of one instance reach each other, and the same rules hold as over libfabric. Deliveries
 * are steps of `schedule`, in an order that depends on nothing else; ends of it can be frozen and killed.
 */
import { type Clock, fromHex, putU64, type Random, toHex } from "@smallpond/base";
import type { BufferPool } from "../memory/pool.ts";
import type { FabricEndpoint } from "./fabric.ts";
import { type FabricSettings, fabricSettings } from "./fabric-settings.ts";
import { MemoryFabricDriver } from "./memory-driver.ts";
import { openEndpoint } from "./open-endpoint.ts";

export interface MemoryFabricDeps {
  readonly clock: Clock;
  /** Keys of regions come from here. */
  readonly random: Random;
  /** Runs one step later; microtasks when not given. */
  readonly schedule?: (step: () => void) => void;
}

export class MemoryFabric {
  readonly #deps: Required<MemoryFabricDeps>;
  readonly #drivers = new Map<string, MemoryFabricDriver>();
  readonly #frozen = new Set<string>();
  #opened = 0n;

  constructor(deps: MemoryFabricDeps) {
    this.#deps = { schedule: queueMicrotask, ...deps };
  }

  async open(pool: BufferPool, settings: Partial<FabricSettings> = {}): Promise<FabricEndpoint> {
    return await openEndpoint({ pool, clock: this.#deps.clock }, fabricSettings(settings), () => {
      const address = new Uint8Array(8);
      putU64(address, 0, ++this.#opened);
      const key = toHex(address);
      const driver = new MemoryFabricDriver(
        {
          random: this.#deps.random,
          schedule: this.#deps.schedule,
          find: (other) => this.#drivers.get(toHex(other)),
          isFrozen: () => this.#frozen.has(key),
          closed: () => this.#drivers.delete(key),
        },
        address,
      );
      this.#drivers.set(key, driver);
      return driver;
    });
  }

  /** As if the process were stopped: connections stay, and nothing moves on them. */
  freeze(address: Uint8Array): void {
    this.#frozen.add(toHex(address));
  }

  thaw(address: Uint8Array): void {
    this.#frozen.delete(toHex(address));
    for (const key of this.#drivers.keys()) this.#drivers.get(key)!.moveOn();
  }

  /** As if the process were gone: others see their connections break, its own endpoint hears nothing more. */
  kill(address: Uint8Array): void {
    this.#drivers.get(toHex(address))?.die();
  }

  /** Addresses of those that are open. */
  get addresses(): readonly Uint8Array[] {
    return [...this.#drivers.keys()].map(fromHex);
  }
}
