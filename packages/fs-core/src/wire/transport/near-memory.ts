/**
 * Memory that two processes of one machine show each other, so that bulk bytes between them are copied once and pass no
 * socket. Whoever has the bytes lends them where they lie; the other side copies them into memory of its own. Nobody ever
 * writes to another's memory, so a process that was stopped for an hour harms nobody when it goes on.
 *
 * A loan ends when the borrower says that it has the bytes, or when the lender calls it back: the borrower looks after it has
 * copied whether the loan still held, and takes no bytes that may have been something else by then.
 */
import type { SignalOptions } from "@smallpond/base";
import type { LeasePart, Region } from "@smallpond/fs-native";

export interface NearMemory {
  /** Waits for one process to come, which learns by other means where and by which word. */
  invite(): NearInvitation;
  /** Comes. Undefined when that cannot be: the other process is on another machine, or gone. Never rejects. */
  accept(invitation: NearPlaceToCome): Promise<NearLink | undefined>;
}

export interface NearPlaceToCome {
  readonly address: string;
  readonly word: Uint8Array;
}

export interface NearInvitation extends NearPlaceToCome {
  /** Undefined when nobody came. Never rejects. */
  readonly link: Promise<NearLink | undefined>;
  /** Ends the link too, if there is one. */
  cancel(): void;
}

/** Memory here. */
export interface RegionPart {
  readonly region: Region;
  readonly offset: number;
  readonly length: number;
}

/** Part of a region of the lender's. */
export interface NearPart {
  readonly region: number;
  readonly offset: number;
  readonly bytes: number;
}

/** As the borrower is told of it. */
export interface NearLoan {
  /** By which it is called back. */
  readonly number: number;
  readonly round: number;
  readonly parts: readonly NearPart[];
}

export interface NearLink {
  /** Whether the other side may be shown memory at all. */
  readonly mayLend: boolean;

  /**
   * Lends memory, which is held until the loan has ended. Undefined when the other side does not see all of it, perhaps
   * not yet, or when too much is lent.
   */
  lend(parts: readonly RegionPart[]): NearLoan | undefined;

  /** From when it returns, nothing is taken of it any more, whatever the borrower is in the middle of. */
  end(loan: NearLoan): void;

  /**
   * Copies all of it to the start of `into`, whose bytes are nothing good unless it resolves. An abort rejects with
   * `signal.reason`.
   *
   * @throws CANCELLED when the lender called it back.
   * @throws BAD_FRAME for what is no memory of the lender's.
   */
  take(loan: NearLoan, into: Required<LeasePart>, options?: SignalOptions): Promise<void>;

  /** Ends all loans, and tells the other side nothing more. Idempotent. */
  close(): void;
}
