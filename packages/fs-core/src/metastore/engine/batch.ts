/** Transactions that commit together, as one list of mutations: what the last of them wrote stands. */
import { inRange, type KeyText, type TextRange, textKey } from "../key-text.ts";
import type { StoreMutation } from "../ordered-store.ts";
import type { CommitRequest, WriteIntent } from "./backend.ts";
import { type BlindStep, blindlyChanged, withStep } from "./blind.ts";
import { stamped } from "./stamps.ts";

/** A row after the batch: its value, no value, or steps from the value before the batch. */
interface MergedRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly steps: readonly BlindStep[] | undefined;
}

export class Batch {
  readonly #rows: Map<KeyText, MergedRow> = new Map();
  readonly #cleared: TextRange[] = [];
  #blindCount = 0;

  /** In the order of versions. */
  add({ writes, cleared }: Pick<CommitRequest, "writes" | "cleared">, version: bigint): void {
    for (const range of cleared) this.#clearRange(range);
    for (const write of writes) this.#write(write, version);
  }

  /** Keys whose values before the batch are needed for its mutations. */
  basesNeeded(): readonly Uint8Array[] {
    if (this.#blindCount === 0) return [];
    return [...this.#rows.values()].filter(({ steps }) => steps !== undefined).map(({ key }) => key);
  }

  /** `bases` are the values of the keys needed, in their order. */
  mutations(bases: readonly (Uint8Array | undefined)[]): StoreMutation[] {
    const mutations: StoreMutation[] = this.#cleared.map(({ begin, end }) => ({
      kind: "clearRange",
      range: { begin: textKey(begin), end: textKey(end) },
    }));
    let baseAt = 0;
    for (const { key, value, steps } of this.#rows.values()) {
      if (steps !== undefined) {
        mutations.push({ kind: "set", key, value: blindlyChanged(bases[baseAt], steps) });
        baseAt += 1;
      } else if (value === undefined) mutations.push({ kind: "clear", key });
      else mutations.push({ kind: "set", key, value });
    }
    return mutations;
  }

  #write(write: WriteIntent, version: bigint): void {
    const { text, key } = write;
    switch (write.kind) {
      case "set":
        this.#rows.set(text, { key, value: write.value, steps: undefined });
        return;
      case "stamp":
        this.#rows.set(text, { key, value: stamped(write.value, version), steps: undefined });
        return;
      case "clear":
        this.#rows.set(text, { key, value: undefined, steps: undefined });
        return;
      case "blind":
        this.#rows.set(text, this.#changed(text, key, write.steps));
    }
  }

  #changed(text: KeyText, key: Uint8Array, steps: readonly BlindStep[]): MergedRow {
    const row = this.#rows.get(text);
    if (row === undefined && !this.#cleared.some((range) => inRange(text, range))) {
      this.#blindCount += 1;
      return { key, value: undefined, steps };
    }
    if (row?.steps !== undefined) return { key, value: undefined, steps: steps.reduce(withStep, row.steps) };
    return { key, value: blindlyChanged(row?.value, steps), steps: undefined };
  }

  #clearRange(range: TextRange): void {
    for (const text of this.#rows.keys()) if (inRange(text, range)) this.#rows.delete(text);
    this.#cleared.push(range);
  }
}
