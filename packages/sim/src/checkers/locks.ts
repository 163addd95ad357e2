/**
 * File locks: ranges of a file that owners hold together or alone. A client that is gone loses its locks at some time
 * after: record that as a `gone` without an answer. A question that waited and gave up is one that was refused.
 */
import { assertNever } from "@smallpond/base";
import { type Model, UNKNOWN } from "./model.ts";

export interface LockRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export type LockInput =
  /** Instead of what the owner held in the range. */
  | (LockRange & {
      readonly kind: "lock";
      readonly alone: boolean;
      readonly file: string;
      readonly owner: string;
    })
  | (LockRange & { readonly kind: "unlock"; readonly file: string; readonly owner: string })
  /** Every owner whose name begins with the client's. */
  | { readonly kind: "gone"; readonly file: string; readonly client: string };

/** `granted`, `refused` because of others, or `done`. */
export type LockOutput = "granted" | "refused" | "done";

interface Held extends LockRange {
  readonly owner: string;
  readonly alone: boolean;
}

export const LOCKS: Model<readonly Held[], LockInput, LockOutput> = Object.freeze({
  name: "locks of",
  init: () => [],
  step(
    state: readonly Held[],
    input: LockInput,
    output: LockOutput | typeof UNKNOWN,
  ): readonly Held[] | undefined {
    switch (input.kind) {
      case "gone":
        return state.filter(({ owner }) => !owner.startsWith(input.client));
      case "unlock":
        return without(state, input);
      case "lock": {
        const free = !state.some((held) => conflict(held, input));
        if (output === UNKNOWN) return free ? withLock(state, input) : state;
        if (output !== (free ? "granted" : "refused")) return undefined;
        return free ? withLock(state, input) : state;
      }
      default:
        return assertNever(input);
    }
  },
  key: (state: readonly Held[]) =>
    merge(state)
      .map(({ owner, start, end, alone }) => `${owner} ${start}-${end}${alone ? "!" : ""}`)
      .join(),
  partition: (input: LockInput) => input.file,
  describe(input: LockInput, output: LockOutput | typeof UNKNOWN): string {
    const answer = output === UNKNOWN ? "no answer" : output;
    if (input.kind === "gone") return `${input.client} is gone`;
    const how = input.kind === "lock" && input.alone ? " alone" : "";
    return `${input.owner} ${input.kind}s ${input.start}-${input.end}${how} → ${answer}`;
  },
});

function conflict(held: Held, asked: Held): boolean {
  const meet = held.start < asked.end && asked.start < held.end;
  return held.owner !== asked.owner && meet && (held.alone || asked.alone);
}

function withLock(state: readonly Held[], { owner, alone, start, end }: Held): readonly Held[] {
  return [...without(state, { owner, start, end }), { owner, alone, start, end }];
}

/** What is left of each lock of the owner on either side of the range. */
function without(state: readonly Held[], cut: LockRange & { readonly owner: string }): readonly Held[] {
  return state.flatMap((held) => {
    if (held.owner !== cut.owner) return [held];
    const before = { ...held, end: Math.min(held.end, cut.start) };
    const after = { ...held, start: Math.max(held.start, cut.end) };
    return [before, after].filter(({ start, end }) => start < end);
  });
}

/** In order, neighbours of one owner and one kind as one. */
function merge(state: readonly Held[]): readonly Held[] {
  const sorted = [...state].sort((a, b) =>
    a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : a.start - b.start,
  );
  const merged: Held[] = [];
  for (const held of sorted) {
    const last = merged.at(-1);
    const joins = last?.owner === held.owner && last.alone === held.alone && last.end === held.start;
    if (joins) merged[merged.length - 1] = { ...last, end: held.end };
    else merged.push(held);
  }
  return merged;
}
