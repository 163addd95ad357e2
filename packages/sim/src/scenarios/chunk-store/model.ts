/**
 * What a store was asked for and what it acknowledged, kept outside of the simulated machine. Each chunk has one client, so a
 * chunk is in one state, or, after an operation without an answer, in the one before or the one after it.
 */
import { equalBytes, PondError } from "@smallpond/base";
import type { ChunkKey } from "@smallpond/fs-core";

export interface Version {
  readonly version: number;
  /** Undefined for a removal. */
  readonly bytes: Uint8Array | undefined;
}

/** A chunk as a whole: what is current and what is pending. */
export interface ModelState {
  readonly committed: Version | undefined;
  readonly pending: Version | undefined;
  /** The last request whose answer is remembered; 0 for none. */
  readonly answered: number;
}

export const NOTHING: Readonly<ModelState> = { committed: undefined, pending: undefined, answered: 0 };

export class ChunkModel {
  readonly key: ChunkKey;
  /** One, unless an operation is under way or ended without an answer. */
  #possible: readonly ModelState[] = [NOTHING];
  /** Every content that was current or may have become so, in order; undefined for none. */
  readonly #history: (Uint8Array | undefined)[] = [undefined];

  #isAccepted = false;

  constructor(key: ChunkKey) {
    this.key = key;
  }

  get possible(): readonly ModelState[] {
    return this.#possible;
  }

  /** The only state it can be in. */
  get state(): ModelState {
    if (this.#possible.length !== 1) throw new Error(`chunk ${this.key.chunk} is in one of several states`);
    return this.#possible[0]!;
  }

  /** An operation begins that makes `next` of what there is. */
  begin(next: ModelState): void {
    const before = this.state;
    this.#possible = [before, next];
    if (next.committed !== before.committed) this.#history.push(next.committed?.bytes);
  }

  /** It happened. */
  done(): void {
    this.#possible = [this.#possible.at(-1)!];
  }

  /** It did not. */
  refused(): void {
    this.#possible = [this.#possible[0]!];
    // A reader may have begun meanwhile: what it may see ends with what is current.
    if (this.#history.at(-1) !== this.state.committed?.bytes) this.#history.push(this.state.committed?.bytes);
  }

  /** It was looked at, and is in this state. */
  found(state: ModelState): void {
    this.#isAccepted = false;
    this.#possible = [state];
    if (this.#history.at(-1) !== state.committed?.bytes) this.#history.push(state.committed?.bytes);
  }

  /** Whatever it is in is right: the store said that it may miss something. */
  accept(): void {
    this.#isAccepted = true;
  }

  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** From when on a reader that begins now may see contents. */
  get readMark(): number {
    return this.#history.length - this.#possible.length;
  }

  /** Throws unless a reader that began at `mark` may see this. */
  assertMaySee(mark: number, bytes: Uint8Array | undefined): void {
    const from = Math.max(0, mark);
    if (this.#history.slice(from).some((content) => isSame(content, bytes))) return;
    throw wrong(this.key, `${describe(bytes)} was read, which nobody may see any more or yet`);
  }
}

/** Throws unless one of the possible states is this. */
export function matching(model: ChunkModel, found: ModelState): ModelState {
  const match = model.possible.find(
    (state) =>
      isSameVersion(state.committed, found.committed) &&
      isSameVersion(state.pending, found.pending) &&
      state.answered === found.answered,
  );
  if (match !== undefined) return match;
  const expected = model.possible.map(describeState).join(" or ");
  throw wrong(model.key, `${describeState(found)} was found where ${expected} was acknowledged`);
}

export function wrong(key: ChunkKey, message: string): PondError<"WRONG_CHUNK"> {
  return new PondError("WRONG_CHUNK", { kind: "internal", message: `chunk ${key.chunk}: ${message}` });
}

function isSameVersion(a: Version | undefined, b: Version | undefined): boolean {
  return a?.version === b?.version && isSame(a?.bytes, b?.bytes);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

function describeState({ committed, pending, answered }: ModelState): string {
  const parts = [`request ${answered} answered`, `committed ${describeVersion(committed)}`];
  if (pending !== undefined) parts.push(`pending ${describeVersion(pending)}`);
  return parts.join(", ");
}

function describeVersion(version: Version | undefined): string {
  return version === undefined ? "nothing" : `version ${version.version} (${describe(version.bytes)})`;
}

function describe(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "no chunk" : `${bytes.length} bytes that begin with ${bytes.subarray(0, 4)}`;
}
