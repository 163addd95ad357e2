/** One end of a {@link MemoryFabric}. Each connection is two lines of operations, one per direction, carried out in order. */
import { assert, type Random, toHex } from "@smallpond/base";
import type {
  DriverOperation,
  DriverRegion,
  FabricDriver,
  Outcomes,
  PostResult,
  RegionPart,
} from "./driver.ts";
import type { ProviderLimits, RemoteAccess } from "./fabric.ts";
import { EAGAIN } from "./fabric-errors.ts";

export interface MemoryDriverDeps {
  readonly random: Random;
  readonly schedule: (step: () => void) => void;
  readonly find: (address: Uint8Array) => MemoryFabricDriver | undefined;
  readonly isFrozen: () => boolean;
  readonly closed: () => void;
}

const ECANCELED = -125;
const ENOBUFS_MESSAGE = -265;
/** Operations that one connection takes before it says "not now". */
const LINE_MAX = 64;

/** What an end has under way with one other end, in order. */
interface Line {
  readonly to: MemoryFabricDriver;
  readonly operations: DriverOperation[];
}

interface Window {
  readonly part: RegionPart;
  readonly access: RemoteAccess;
}

interface Told {
  readonly slot: number;
  readonly result: number;
  readonly peer: number;
}

export class MemoryFabricDriver implements FabricDriver {
  readonly provider = "memory";
  readonly address: Uint8Array;
  readonly limits: ProviderLimits = {
    transferBytesMax: 2 ** 31 - 1,
    injectBytesMax: 0,
    transmitDepthMax: 4_096,
    receiveDepthMax: 4_096,
    iovMax: 1,
    rmaIovMax: 1,
    keyBytes: 8,
    regionsMax: 0,
    memoryMode: 0,
    addressFormat: "memory",
    addressBytes: 8,
    writeGuarantee: "immediate",
  };
  readonly #deps: MemoryDriverDeps;
  readonly #windows = new Map<bigint, Window>();
  readonly #keys = new Map<number, bigint>();
  readonly #addresses = new Map<number, Uint8Array>();
  readonly #lines = new Map<string, Line>();
  readonly #receives: DriverOperation[] = [];
  /** Ends that had operations for here. */
  readonly #senders = new Set<MemoryFabricDriver>();
  #onOutcomes: (outcomes: Outcomes) => void = () => {};
  #told: Told[] = [];
  #numbers = 0;
  #isOpen = true;

  constructor(deps: MemoryDriverDeps, address: Uint8Array) {
    this.#deps = deps;
    this.address = address;
  }

  start(onOutcomes: (outcomes: Outcomes) => void): void {
    this.#onOutcomes = onOutcomes;
  }

  insert(address: Uint8Array): number {
    if (address.length !== this.limits.addressBytes) {
      throw Object.assign(new Error("not an address of this fabric"), { code: "EINVAL" });
    }
    const known = this.#numberOf(address);
    if (known >= 0) return known;
    this.#addresses.set(this.#numbers, address);
    return this.#numbers++;
  }

  remove(peer: number): void {
    const address = this.#addresses.get(peer);
    assert(address !== undefined, `peer ${peer} was inserted`);
    this.#addresses.delete(peer);
    this.#break(address);
    this.#deps.find(address)?.brokenBy(this.address);
    this.#tell();
  }

  register(part: RegionPart, access: RemoteAccess): DriverRegion {
    const key = this.#deps.random.u64();
    const id = this.#numbers++;
    this.#windows.set(key, { part, access });
    this.#keys.set(id, key);
    return { id, key, base: 0n };
  }

  unregister(id: number): void {
    this.#windows.delete(this.#keys.get(id)!);
    this.#keys.delete(id);
  }

  post(peer: number, operations: readonly DriverOperation[]): PostResult {
    if (operations[0]?.kind === "receive") {
      this.#receives.push(...operations);
      // Lines to here may have waited for these.
      this.#deps.schedule(() => this.#wakeSenders());
      return { taken: operations.length, refused: 0 };
    }
    const address = this.#addresses.get(peer);
    assert(address !== undefined, `peer ${peer} was inserted`);
    const to = this.#deps.find(address);
    if (to === undefined) return { taken: 0, refused: EAGAIN };
    const line = this.#lines.get(toHex(address)) ?? { to, operations: [] };
    this.#lines.set(toHex(address), line);
    const taken = Math.min(LINE_MAX - line.operations.length, operations.length);
    line.operations.push(...operations.slice(0, taken));
    if (taken > 0) this.#deps.schedule(() => this.#step(line));
    return { taken, refused: taken < operations.length ? EAGAIN : 0 };
  }

  close(): Promise<void> {
    this.die();
    return Promise.resolve();
  }

  die(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#deps.closed();
    const others = new Set([...this.#lines.values()].map(({ to }) => to));
    for (const sender of this.#senders) others.add(sender);
    this.#lines.clear();
    for (const other of others) other.brokenBy(this.address);
  }

  /** The other end of a connection is gone. */
  brokenBy(address: Uint8Array): void {
    this.#break(address);
    this.#deps.schedule(() => this.#tell());
  }

  /** Something changed that lines may have waited for. */
  moveOn(): void {
    this.#deps.schedule(() => this.#tell());
    for (const line of this.#lines.values()) this.#deps.schedule(() => this.#step(line));
  }

  #wakeSenders(): void {
    for (const sender of this.#senders) sender.moveOn();
  }

  /** Carries out what it can of a line. */
  #step(line: Line): void {
    while (line.operations.length > 0) {
      if (!this.#isOpen || this.#deps.isFrozen() || line.to.#deps.isFrozen()) break;
      const [operation] = line.operations;
      line.to.#senders.add(this);
      const result = line.to.#carryOut(operation!, this.address);
      if (result === EAGAIN) break;
      line.operations.shift();
      this.#told.push({ slot: operation!.slot, result, peer: -1 });
      if (result < 0) {
        // As over a network: an access that is refused breaks the connection.
        this.#break(line.to.address);
        line.to.brokenBy(this.address);
      }
    }
    this.#tell();
  }

  /** At the target. */
  #carryOut(operation: DriverOperation, from: Uint8Array): number {
    if (operation.kind === "send") return this.#receive(operation, from);
    const window = this.#windows.get(operation.key);
    const start = Number(operation.address);
    if (window === undefined || start + operation.length > window.part.length) return ECANCELED;
    const { part, access } = window;
    const there = new Uint8Array(part.region.buffer, part.offset + start, operation.length);
    const here = bytesOf(operation);
    if (operation.kind === "read") here.set(there);
    else if (access === "read") return ECANCELED;
    else there.set(here);
    return 0;
  }

  #receive(operation: DriverOperation, from: Uint8Array): number {
    const receive = this.#receives.shift();
    if (receive === undefined) return EAGAIN;
    const fits = operation.length <= receive.length;
    if (fits) bytesOf(receive).set(bytesOf(operation));
    const result = fits ? operation.length : ENOBUFS_MESSAGE;
    this.#told.push({ slot: receive.slot, result, peer: this.#numberOf(from) });
    this.#deps.schedule(() => this.#tell());
    return 0;
  }

  #break(address: Uint8Array): void {
    const line = this.#lines.get(toHex(address));
    this.#lines.delete(toHex(address));
    for (const { slot } of line?.operations.splice(0) ?? []) {
      this.#told.push({ slot, result: ECANCELED, peer: -1 });
    }
  }

  #tell(): void {
    if (!this.#isOpen || this.#told.length === 0 || this.#deps.isFrozen()) return;
    const told = this.#told;
    this.#told = [];
    this.#onOutcomes({
      count: told.length,
      slot: (i) => told[i]!.slot,
      result: (i) => told[i]!.result,
      peer: (i) => told[i]!.peer,
    });
  }

  #numberOf(address: Uint8Array): number {
    const wanted = toHex(address);
    for (const [number, known] of this.#addresses) if (toHex(known) === wanted) return number;
    return -1;
  }
}

function bytesOf({ region, offset, length }: DriverOperation): Uint8Array {
  return new Uint8Array(region.buffer, offset, length);
}
