/** What a transaction has written so far, in the shape that it commits: ranges cleared first, then one write a key. */
import { inRange, type KeyText, type TextRange } from "../key-text.ts";
import type { WriteIntent } from "./backend.ts";
import { type BlindStep, blindlyChanged, withStep } from "./blind.ts";

export class WriteOverlay {
  readonly #points: Map<KeyText, WriteIntent> = new Map();
  readonly #cleared: TextRange[] = [];

  get isEmpty(): boolean {
    return this.#points.size === 0 && this.#cleared.length === 0;
  }

  get cleared(): readonly TextRange[] {
    return this.#cleared;
  }

  writes(): readonly WriteIntent[] {
    return [...this.#points.values()];
  }

  write(intent: WriteIntent): void {
    this.#points.set(intent.text, intent);
  }

  clearRange(range: TextRange): void {
    for (const text of this.#points.keys()) if (inRange(text, range)) this.#points.delete(text);
    this.#cleared.push(range);
  }

  change(text: KeyText, key: Uint8Array, step: BlindStep): void {
    const written = this.#points.get(text);
    if (written?.kind === "set") {
      this.write({ kind: "set", text, key, value: blindlyChanged(written.value, [step]) });
    } else if (written?.kind === "clear" || (written === undefined && this.isCleared(text))) {
      this.write({ kind: "set", text, key, value: blindlyChanged(undefined, [step]) });
    } else {
      const steps = written?.kind === "blind" ? withStep(written.steps, step) : [step];
      this.write({ kind: "blind", text, key, steps });
    }
  }

  find(text: KeyText): WriteIntent | undefined {
    return this.#points.get(text);
  }

  /** Whether the key is in a cleared range; a later write may stand there. */
  isCleared(text: KeyText): boolean {
    return this.#cleared.some((range) => inRange(text, range));
  }

  /** The cleared range that holds the key and goes on the furthest in the direction of reading. */
  clearedAround(text: KeyText, reverse: boolean): TextRange | undefined {
    let widest: TextRange | undefined;
    for (const range of this.#cleared) {
      if (!inRange(text, range)) continue;
      if (widest === undefined || (reverse ? range.begin < widest.begin : range.end > widest.end))
        widest = range;
    }
    return widest;
  }

  /** Writes to keys in the range, in the order of reading. */
  within(range: TextRange, reverse: boolean): readonly WriteIntent[] {
    const found = [...this.#points.values()].filter(({ text }) => inRange(text, range));
    const direction = reverse ? -1 : 1;
    return found.sort((a, b) => (a.text < b.text ? -direction : direction));
  }
}
