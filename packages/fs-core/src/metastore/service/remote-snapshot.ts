/** A snapshot that another process holds. Which one it is the first read decides; that saves a round trip. */
import type { Clock } from "@smallpond/base";
import type { OpenedSnapshot, SnapshotPoint } from "../engine/backend.ts";
import { tooOld } from "../errors.ts";
import { afterKey } from "../keys.ts";
import type { KeyRange, KeyValue } from "../ordered-store.ts";
import { TRANSACTION_LIMITS } from "../transaction.ts";
import {
  type RangeAnswer,
  type RangeQuestion,
  READ_KEYS_MAX,
  type ReadAnswer,
  type ReadQuestion,
} from "./messages.ts";

/** The owner, as one transaction reaches it. */
export interface SnapshotHolder {
  read(question: Omit<ReadQuestion, "released">): Promise<ReadAnswer>;
  range(question: Omit<RangeQuestion, "released">): Promise<RangeAnswer>;
  giveBack(point: SnapshotPoint): void;
}

export class RemoteSnapshot implements OpenedSnapshot {
  readonly #clock: Clock;
  readonly #holder: SnapshotHolder;
  #point: Promise<SnapshotPoint> | undefined;
  #untilMs = Number.POSITIVE_INFINITY;
  #released = false;

  constructor(deps: { readonly clock: Clock; readonly holder: SnapshotHolder }) {
    this.#clock = deps.clock;
    this.#holder = deps.holder;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values: (Uint8Array | undefined)[] = [];
    while (values.length < keys.length) {
      const next = keys.slice(values.length, values.length + READ_KEYS_MAX);
      const answer = await this.#ask((at) => this.#holder.read({ at, keys: next }));
      values.push(...answer.values);
    }
    return values;
  }

  async range(
    range: KeyRange,
    { limit, reverse }: { readonly limit: number; readonly reverse: boolean },
  ): Promise<readonly KeyValue[]> {
    const rows: KeyValue[] = [];
    let rest = range;
    for (;;) {
      const question = { range: rest, limit: limit - rows.length, reverse };
      const answer = await this.#ask((at) => this.#holder.range({ at, ...question }));
      rows.push(...answer.rows);
      const last = rows.at(-1);
      if (!answer.cut || last === undefined || rows.length >= limit) return rows;
      rest = reverse ? { begin: rest.begin, end: last.key } : { begin: afterKey(last.key), end: rest.end };
    }
  }

  async pin(): Promise<SnapshotPoint> {
    const { at } = await this.#ask(async (known) =>
      known === undefined ? await this.#holder.read({ at: undefined, keys: [] }) : { at: known },
    );
    return at;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#point?.then((point) => this.#holder.giveBack(point)).catch(() => {});
  }

  /** The first question settles the snapshot; what is asked meanwhile waits for it. */
  async #ask<A extends { readonly at: SnapshotPoint }>(
    question: (at: SnapshotPoint | undefined) => Promise<A>,
  ): Promise<A> {
    if (this.#point !== undefined) {
      const point = await this.#point;
      if (this.#clock.monotonicMs() > this.#untilMs) throw tooOld();
      return await question(point);
    }
    this.#untilMs = this.#clock.monotonicMs() + TRANSACTION_LIMITS.ageMsMax;
    const first = question(undefined);
    this.#point = first.then(({ at }) => at);
    this.#point.catch(() => {});
    return await first;
  }
}
