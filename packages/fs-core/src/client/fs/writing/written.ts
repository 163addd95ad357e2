/** How far this handle wrote since it last told metadata so. */
import type { LengthHint, WriteReport } from "../../../meta/sessions/length-hint.ts";

export class Written {
  #wrote = false;
  #hint: LengthHint | undefined;
  /** Something may be on storage, or come there, that no hint covers. */
  #isUnknown = false;

  get isUntold(): boolean {
    return this.#wrote;
  }

  /** Storage acknowledged bytes that end there. `truncateVersion` as it was known before they were sent. */
  acknowledged(end: number, truncateVersion: number): void {
    this.#add({ length: BigInt(end), truncateVersion });
  }

  /** A write that was not acknowledged: metadata has to ask storage. */
  unknown(): void {
    this.#wrote = true;
    this.#isUnknown = true;
  }

  /**
   * What is to be told; it is as good as told, unless it is given back. While writes that were given up may still
   * happen, there is always more to tell.
   */
  take({ isSettled }: { readonly isSettled: boolean }): WriteReport {
    const report = { wrote: this.#wrote, hint: this.#isUnknown ? undefined : this.#hint };
    this.#hint = undefined;
    this.#isUnknown &&= !isSettled;
    this.#wrote = this.#isUnknown;
    return report;
  }

  /** It was not told after all. */
  giveBack({ wrote, hint }: WriteReport): void {
    if (!wrote) return;
    if (hint === undefined) this.unknown();
    else this.#add(hint);
  }

  #add(hint: LengthHint): void {
    this.#wrote = true;
    // What was sent before this client heard of somebody's truncation may have come after it, and count.
    if (this.#hint !== undefined && this.#hint.truncateVersion !== hint.truncateVersion)
      this.#isUnknown = true;
    if (this.#hint === undefined || hint.length > this.#hint.length) this.#hint = hint;
  }
}
