/**
 * Near memory of processes that are one: what a borrower sees is what the lender has at that moment, whatever that has become.
 * Borrowers may be slow, so that loans are called back under their hands.
 */
import { type Clock, type Probes, type Random, type SignalOptions, toHex } from "@smallpond/base";
import type { LeasePart } from "@smallpond/fs-native";
import { badFrame } from "../wire/frame.ts";
import { rpcError } from "../wire/rpc/errors.ts";
import type {
  NearInvitation,
  NearLink,
  NearLoan,
  NearMemory,
  NearPlaceToCome,
  RegionPart,
} from "../wire/transport/near-memory.ts";

export interface MemoryNearDeps {
  /** Shared by those who are near to each other. */
  readonly rooms: NearRooms;
  readonly clock: Clock;
  readonly random: Random;
  readonly probes: Probes;
}

/** Who waits for whom. */
export type NearRooms = Map<string, (guest: MemoryLink) => void>;

const SLOW_MS = 300;

export class MemoryNear implements NearMemory {
  readonly #deps: MemoryNearDeps;

  constructor(deps: MemoryNearDeps) {
    this.#deps = deps;
  }

  invite(): NearInvitation {
    const word = this.#deps.random.bytes(16);
    const own = new MemoryLink(this.#deps);
    const link = new Promise<NearLink>((resolve) => {
      this.#deps.rooms.set(toHex(word), (guest) => {
        own.meet(guest);
        resolve(own);
      });
    });
    const cancel = (): void => {
      this.#deps.rooms.delete(toHex(word));
      own.close();
    };
    return { address: "@memory", word, link, cancel };
  }

  async accept({ word }: NearPlaceToCome): Promise<NearLink | undefined> {
    const welcome = this.#deps.rooms.get(toHex(word));
    if (welcome === undefined || this.#deps.probes.buggify("near: nobody is there", 0.1)) return undefined;
    this.#deps.rooms.delete(toHex(word));
    const own = new MemoryLink(this.#deps);
    welcome(own);
    return own;
  }
}

export class MemoryLink implements NearLink {
  readonly mayLend = true;
  readonly #deps: MemoryNearDeps;
  readonly #loans: Map<number, readonly Uint8Array[]> = new Map();
  #lent = 0;
  #peer: MemoryLink | undefined;
  #isClosed = false;

  constructor(deps: MemoryNearDeps) {
    this.#deps = deps;
  }

  meet(guest: MemoryLink): void {
    this.#peer = guest;
    guest.#peer = this;
  }

  lend(parts: readonly RegionPart[]): NearLoan | undefined {
    const { probes } = this.#deps;
    if (this.#isClosed || probes.buggify("near: memory is not seen yet", 0.1)) return undefined;
    probes.mark("near: bytes were lent");
    this.#lent += 1;
    const views = parts.map(({ region, offset, length }) => new Uint8Array(region.buffer, offset, length));
    this.#loans.set(this.#lent, views);
    return {
      number: this.#lent,
      round: this.#lent,
      parts: views.map(({ length }, region) => ({ region, offset: 0, bytes: length })),
    };
  }

  end({ number }: NearLoan): void {
    this.#loans.delete(number);
  }

  async take(
    { number, parts }: NearLoan,
    into: Required<LeasePart>,
    { signal }: SignalOptions = {},
  ): Promise<void> {
    const { probes, clock, random } = this.#deps;
    const views = this.#peer?.viewsOf(number);
    if (views === undefined) throw this.#calledBack();
    if (views.length !== parts.length) throw badFrame("bulk length", "it was never lent");
    const view = into.lease.view.subarray(into.offset, into.offset + into.length);
    let at = 0;
    for (const each of views) {
      if (probes.buggify("near: a borrower is slow", 0.1)) await clock.sleep(random.int(SLOW_MS));
      signal?.throwIfAborted();
      if (this.#isClosed) throw this.#calledBack();
      view.set(each, at);
      at += each.length;
    }
    if (this.#peer?.viewsOf(number) !== views) throw this.#calledBack();
  }

  /** Of a loan that holds. */
  viewsOf(number: number): readonly Uint8Array[] | undefined {
    return this.#loans.get(number);
  }

  close(): void {
    this.#isClosed = true;
    this.#loans.clear();
  }

  #calledBack(): Error {
    this.#deps.probes.mark("near: a loan was called back");
    return rpcError("CANCELLED", "closed", "the bytes were called back before all of them were taken");
  }
}
