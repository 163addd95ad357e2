/**
 * A link between two processes that pass each other descriptors of memory. Memory is shown to the same user and to root
 * alone, who in general may look into this process anyway.
 *
 * Which loans hold is said by numbers in memory that the lender writes and never reads: each loan has a place there, and a
 * number of its own. Taking it back means to write another number; after copying, the borrower looks whether the number is still there. On
 * x86-64 the look comes after the copying, and what the lender does with the memory after its writing. Other processors may
 * turn either around by as much as they have under way at once; there the checksum that bulk bytes have from end to end (I9)
 * stands behind it.
 */
import { assert, type SignalOptions } from "@smallpond/base";
import {
  adoptSharedMemory,
  createSealedMemory,
  type DescriptorChannel,
  type DescriptorMessage,
  type LeasePart,
  type Region,
  type SharedMemory,
} from "@smallpond/fs-native";
import { decode, encode } from "../../wire/codec/index.ts";
import { badFrame } from "../../wire/frame.ts";
import { rpcError } from "../../wire/rpc/errors.ts";
import type { NearLink, NearLoan, RegionPart } from "../../wire/transport/near-memory.ts";
import { type LinkWord, linkWordCodec } from "./near-words.ts";

const LOAN_BYTES = 4096;
const LOANS_MAX = LOAN_BYTES / Int32Array.BYTES_PER_ELEMENT;
/** Of the other side: regions of pools there, and all of them together. Beyond, nothing is looked at. */
const REGIONS_MAX = 64;
const REGION_BYTES_MAX = 8 * 2 ** 30;
/** What is copied in one turn of the event loop. */
const STEP_BYTES = 4 * 2 ** 20;

interface Theirs {
  loans: SharedMemory | undefined;
  readonly regions: Map<number, SharedMemory>;
}

export class DescriptorLink implements NearLink {
  readonly #channel: DescriptorChannel;
  readonly #loans: SharedMemory;
  /** Of each place, what the other side sees of it. It may have written there as well, so nothing is read from it here. */
  readonly #words: Int32Array;
  /** Of each place, the loan that has it; 0 for none. */
  readonly #rounds: Int32Array = new Int32Array(LOANS_MAX);
  readonly #free: number[] = Array.from({ length: LOANS_MAX }, (_, number) => number);
  #round = 0;
  /** Regions that were shown, and whether the other side said that it has them. A descriptor goes with its region. */
  readonly #shown: Map<number, { readonly region: Region; isSeen: boolean }> = new Map();
  readonly #theirs: Theirs = { loans: undefined, regions: new Map() };
  #taking = 0;
  #isOver = false;
  #isClosed = false;

  private constructor(channel: DescriptorChannel, loans: SharedMemory) {
    this.#channel = channel;
    this.#loans = loans;
    this.#words = new Int32Array(loans.region.buffer);
  }

  get mayLend(): boolean {
    return !this.#isOver;
  }

  /** Over a channel whose first word was said; it is the link's from now on. Undefined for one who is somebody else's. */
  static async open(channel: DescriptorChannel): Promise<DescriptorLink | undefined> {
    const { user } = channel.peer;
    if (user !== 0 && user !== process.geteuid?.()) return undefined;
    const link = new DescriptorLink(
      channel,
      await createSealedMemory({ bytes: LOAN_BYTES, name: "pond loans" }),
    );
    try {
      await link.#say({ kind: "loans" }, [link.#loans.descriptor]);
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** Hears what the other side shows, until that ends; then nothing more is lent. Never rejects. */
  async listen(): Promise<void> {
    try {
      for (;;) {
        using message = await this.#channel.receive();
        if (message === undefined) return;
        await this.#hear(message);
      }
    } catch {
      // What was taken or lent by then goes on.
    } finally {
      this.#isOver = true;
    }
  }

  lend(parts: readonly RegionPart[]): NearLoan | undefined {
    if (this.#isClosed || this.#isOver) return undefined;
    let isSeen = true;
    for (const { region } of parts) if (!this.#isSeen(region)) isSeen = false;
    const number = isSeen ? this.#free.pop() : undefined;
    if (number === undefined) return undefined;
    this.#round = (this.#round % (2 ** 31 - 1)) + 1;
    this.#rounds[number] = this.#round;
    Atomics.store(this.#words, number, this.#round);
    return {
      number,
      round: this.#round,
      parts: parts.map(({ region, offset, length }) => ({ region: region.id, offset, bytes: length })),
    };
  }

  end({ number, round }: NearLoan): void {
    if (this.#isClosed) return;
    assert(this.#rounds[number] === round, "a loan ends once");
    this.#rounds[number] = 0;
    Atomics.store(this.#words, number, 0);
    this.#free.push(number);
  }

  async take(loan: NearLoan, into: Required<LeasePart>, { signal }: SignalOptions = {}): Promise<void> {
    const { loans, regions } = this.#theirs;
    if (this.#isClosed) throw calledBack();
    const theirs = new Int32Array(
      loans?.region.buffer ?? new ArrayBuffer(0),
      0,
      loans === undefined ? 0 : LOANS_MAX,
    );
    if (loan.number >= theirs.length) throw badFrame("bulk length", "there is no such loan");
    this.#taking += 1;
    try {
      const view = into.lease.view.subarray(into.offset, into.offset + into.length);
      let at = 0;
      for (const { region, offset, bytes } of loan.parts) {
        const memory = regions.get(region);
        if (memory === undefined || offset + bytes > memory.bytes) {
          throw badFrame("bulk length", `${bytes} bytes at ${offset} of region ${region} were never shown`);
        }
        for (let done = 0; done < bytes; ) {
          const count = Math.min(STEP_BYTES, bytes - done);
          view.set(new Uint8Array(memory.region.buffer, offset + done, count), at);
          done += count;
          at += count;
          if (done === bytes) break;
          await new Promise((resolve) => setImmediate(resolve));
          signal?.throwIfAborted();
          if (this.#isClosed) throw calledBack();
        }
      }
      if (Atomics.load(theirs, loan.number) !== loan.round) throw calledBack();
    } finally {
      this.#taking -= 1;
      if (this.#isClosed) this.#forget();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const number of this.#words.keys()) Atomics.store(this.#words, number, 0);
    this.#loans.close();
    void this.#channel.close();
    this.#forget();
  }

  /** Whether the other side has the region. It is shown now if it was not before. */
  #isSeen(region: Region): boolean {
    const { id, shown } = region;
    if (shown === undefined) return false;
    const known = this.#shown.get(id);
    if (known === undefined) {
      this.#shown.set(id, { region, isSeen: false });
      this.#say({ kind: "region", region: id }, [shown.fd]).catch(() => {});
    }
    return known?.isSeen === true;
  }

  async #hear(message: DescriptorMessage): Promise<void> {
    const word = decode(linkWordCodec, message.bytes);
    if (word.kind === "have") {
      const shown = this.#shown.get(word.region);
      if (shown !== undefined) shown.isSeen = true;
      return;
    }
    const [descriptor] = message.descriptors;
    if (word.kind === "hello" || descriptor === undefined) return;
    const memory = await adoptSharedMemory(descriptor.take(), { bytesMin: LOAN_BYTES });
    if (word.kind === "loans" ? !this.#takeLoans(memory) : !this.#takeRegion(word.region, memory)) {
      memory.close();
    } else if (word.kind === "region") await this.#say({ kind: "have", region: word.region });
  }

  #takeLoans(memory: SharedMemory): boolean {
    if (this.#isClosed || this.#theirs.loans !== undefined) return false;
    this.#theirs.loans = memory;
    return true;
  }

  #takeRegion(region: number, memory: SharedMemory): boolean {
    const { regions } = this.#theirs;
    const bytes = [...regions.values()].reduce((sum, each) => sum + each.bytes, memory.bytes);
    if (this.#isClosed || regions.has(region) || regions.size >= REGIONS_MAX || bytes > REGION_BYTES_MAX)
      return false;
    regions.set(region, memory);
    return true;
  }

  async #say(word: LinkWord, descriptors: readonly number[] = []): Promise<void> {
    await this.#channel.send(encode(linkWordCodec, word), descriptors);
  }

  /** Once nothing is copied from it. */
  #forget(): void {
    if (this.#taking > 0) return;
    const { loans, regions } = this.#theirs;
    loans?.close();
    for (const memory of regions.values()) memory.close();
    regions.clear();
    this.#theirs.loans = undefined;
  }
}

function calledBack(): Error {
  return rpcError("CANCELLED", "closed", "the bytes were called back before all of them were taken");
}
