/** The driver over libfabric. Regions are registered when an operation first uses them, and stay so until the end. */
import { randomBytes } from "node:crypto";
import type {
  DriverOperation,
  DriverRegion,
  FabricDriver,
  Outcomes,
  PostResult,
  RegionPart,
} from "../../fabric/driver.ts";
import type { ProviderLimits, RemoteAccess } from "../../fabric/fabric.ts";
import type { EndpointHandle, FabricAddon } from "./fabric-addon.ts";
import { FabricTable } from "./fabric-table.ts";

export interface AddonDriverSettings {
  readonly provider: string;
  readonly node: string;
  /** At once, beside receives. */
  readonly operations: number;
  readonly receives: number;
  readonly guarantee: "any" | "read-after-write";
}

const TABLE_ENTRIES = 256;
const ACCESS = { local: 0, read: 1, "read-write": 2 } as const;
const GUARANTEE = { any: 0, "read-after-write": 1 } as const;

export class AddonDriver implements FabricDriver {
  readonly provider: string;
  readonly address: Uint8Array;
  readonly limits: ProviderLimits;
  readonly #addon: FabricAddon;
  readonly #table = new FabricTable(TABLE_ENTRIES);
  readonly #endpoint: EndpointHandle;
  readonly #regions = new Map<number, number>();
  #onOutcomes: (outcomes: Outcomes) => void = () => {};

  /** Throws the addon's error when there is no such provider, or it does not work here. */
  constructor(addon: FabricAddon, settings: AddonDriverSettings) {
    const { provider, node, operations, receives, guarantee } = settings;
    this.#addon = addon;
    this.#endpoint = addon.fabricOpen(
      provider,
      node,
      operations,
      receives,
      TABLE_ENTRIES,
      this.#table.buffer,
      GUARANTEE[guarantee],
      (count) => this.#tell(count),
    );
    const { address, provider: name, network, domain, ...limits } = addon.fabricDescribe(this.#endpoint);
    this.provider = name;
    this.address = new Uint8Array(address);
    this.limits = {
      ...limits,
      // A provider without a limit says 2^64 - 1, and lengths have 32 bits in the table.
      transferBytesMax: Math.min(limits.transferBytesMax, 2 ** 31 - 1),
      addressBytes: address.byteLength,
    };
  }

  start(onOutcomes: (outcomes: Outcomes) => void): void {
    this.#onOutcomes = onOutcomes;
  }

  insert(address: Uint8Array): number {
    return this.#addon.fabricInsert(this.#endpoint, address);
  }

  remove(peer: number): void {
    // What has ended before is told first, so that only the errors of this connection are there afterwards.
    this.#reapAll();
    this.#addon.fabricRemove(this.#endpoint, peer);
    this.#reapAll();
  }

  register({ region, offset, length }: RegionPart, access: RemoteAccess): DriverRegion {
    const [id, key, base] = this.#addon.fabricRegister(
      this.#endpoint,
      region.buffer,
      offset,
      length,
      ACCESS[access],
      this.#newKey(),
    );
    return { id, key, base };
  }

  unregister(id: number): void {
    this.#addon.fabricUnregister(this.#endpoint, id);
  }

  post(peer: number, operations: readonly DriverOperation[]): PostResult {
    let done = 0;
    while (done < operations.length) {
      const count = Math.min(operations.length - done, TABLE_ENTRIES);
      for (let i = 0; i < count; i++) {
        const operation = operations[done + i]!;
        this.#table.put(i, this.#regionOf(operation), operation);
      }
      const taken = this.#addon.fabricPost(this.#endpoint, peer, count);
      done += taken;
      if (taken < count) return { taken: done, refused: this.#table.refusal(taken) };
    }
    return { taken: done, refused: 0 };
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#addon.fabricClose(this.#endpoint, resolve));
  }

  #tell(count: number): void {
    this.#table.count = count;
    this.#onOutcomes(this.#table);
  }

  #reapAll(): void {
    for (;;) {
      const count = this.#addon.fabricReap(this.#endpoint);
      if (count === 0) return;
      this.#tell(count);
    }
  }

  #regionOf({ region }: DriverOperation): number {
    let id = this.#regions.get(region.id);
    if (id === undefined) {
      const { buffer } = region;
      [id] = this.#addon.fabricRegister(
        this.#endpoint,
        buffer,
        0,
        buffer.byteLength,
        ACCESS.local,
        this.#newKey(),
      );
      this.#regions.set(region.id, id);
    }
    return id;
  }

  /**
   * Not to be met by chance: who kept the key of a process that is gone must not reach its successor's memory. Providers
   * that choose keys themselves ignore it.
   */
  #newKey(): bigint {
    const bytes = Math.max(1, Math.min(8, this.limits.keyBytes));
    return BigInt(`0x${randomBytes(bytes).toString("hex")}`);
  }
}
