/**
 * Random transactions, and whether what they saw is what they would have seen one after another. The version that a
 * commit was given says where in the order it stands; a marker row that each of them writes says, at the end, which of
 * those without an answer were written.
 */
import type { Clock, Random } from "@smallpond/base";
import type { CommitOutcome, Metastore } from "@smallpond/fs-core";
import { IDLE, newStep, printed, range, type Step } from "./serial-steps.ts";

interface Tried {
  readonly id: string;
  readonly steps: readonly Step[];
  readonly seen: readonly string[];
  readonly isReadOnly: boolean;
  /** Commits that had been answered before it began are before it. */
  readonly atLeast: bigint;
  /** Given by the commit; found in the marker row where nobody answered. */
  version: bigint | undefined;
  readonly answered: boolean;
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

export class SerialCheck {
  readonly #clock: Clock;
  readonly #tried: Tried[] = [];
  #newest = 0n;
  #count = 0;

  constructor(deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
  }

  get counts(): { readonly committed: number; readonly unanswered: number; readonly tried: number } {
    const unanswered = this.#tried.filter(({ answered }) => !answered).length;
    const committed = this.#tried.filter(({ version }) => version !== undefined).length;
    return { committed, unanswered, tried: this.#count };
  }

  /** One user: transactions one after another. */
  async work(metastore: Metastore, random: Random, count: number): Promise<void> {
    for (let each = 0; each < count; each++) {
      await this.#clock.sleep(random.int(4));
      await this.#tryOne(metastore, random);
    }
  }

  /** Throws unless one order explains everything. */
  async verify(metastore: Metastore): Promise<void> {
    await this.#findUnanswered(metastore);
    const writes = this.#tried
      .filter(({ version, isReadOnly }) => !isReadOnly && version !== undefined)
      .sort((a, b) => (a.version! < b.version! ? -1 : 1));
    const rows = new Map<string, string>();
    const states: { readonly version: bigint; readonly rows: Map<string, string> }[] = [
      { version: 0n, rows: new Map(rows) },
    ];
    for (const tried of writes) {
      check(tried.version! > tried.atLeast, `${tried.id} is before what was acknowledged when it began`);
      const seen = tried.steps.map(({ model }) => model(rows));
      check(same(seen, tried.seen), explain(tried, seen));
      states.push({ version: tried.version!, rows: new Map(rows) });
    }
    for (const tried of this.#tried.filter(({ isReadOnly }) => isReadOnly)) {
      const fits = states.filter((state, at) => {
        const next = states[at + 1];
        if (next !== undefined && next.version <= tried.atLeast) return false;
        return same(
          tried.steps.map(({ model }) => model(new Map(state.rows))),
          tried.seen,
        );
      });
      check(fits.length > 0, explain(tried, ["no state"]));
    }
    const final = await metastore.transact((each) => each.range(range("a", "z"), { limit: 1000 }));
    const found = final.entries.map(({ key, value }) => `${DECODER.decode(key)}=${printed(value)}`);
    const expected = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
    check(same(found, expected), `the rows are ${found.join()} and should be ${expected.join()}`);
  }

  async #tryOne(metastore: Metastore, random: Random): Promise<void> {
    const id = `t${++this.#count}`;
    const steps = Array.from({ length: 1 + random.int(5) }, () => newStep(random, id));
    const isReadOnly = random.next() < 0.2;
    const atLeast = this.#newest;
    const seen: string[] = [];
    let outcome: CommitOutcome | undefined;
    let committing = false;
    try {
      const transaction = await metastore.begin();
      for (const step of steps) {
        if (isReadOnly && !step.describe.startsWith("read")) seen.push("");
        else seen.push(await step.run(transaction));
        if (random.next() < 0.3) await this.#clock.sleep(random.int(3));
      }
      if (!isReadOnly) transaction.setVersionstamped(ENCODER.encode(`~${id}`), new Uint8Array(8));
      committing = !isReadOnly;
      outcome = await transaction.commit();
    } catch (error) {
      // What is refused is retried by whoever wants it; nothing was written.
      if (committing && (error as { kind?: string }).kind === "internal") throw error;
      return;
    }
    if (outcome.kind === "conflict") return;
    const version = outcome.kind === "committed" ? outcome.version : undefined;
    const kept = isReadOnly ? steps.map((step) => (step.describe.startsWith("read") ? step : IDLE)) : steps;
    this.#tried.push({
      id,
      steps: kept,
      seen,
      isReadOnly,
      atLeast,
      version,
      answered: version !== undefined,
    });
    if (version !== undefined && version > this.#newest) this.#newest = version;
  }

  async #findUnanswered(metastore: Metastore): Promise<void> {
    const markers = new Map<string, bigint>();
    let begin = "~";
    for (;;) {
      const page = await metastore.transact((each) => each.range(range(begin, "\u007f")));
      for (const { key, value } of page.entries) {
        markers.set(
          DECODER.decode(key).slice(1),
          new DataView(value.buffer, value.byteOffset).getBigUint64(0),
        );
      }
      if (!page.more) break;
      begin = `${DECODER.decode(page.entries.at(-1)!.key)}\0`;
    }
    let written = 0;
    for (const tried of this.#tried) {
      if (tried.isReadOnly) continue;
      const version = markers.get(tried.id);
      if (version !== undefined) written += 1;
      if (tried.answered)
        check(version === tried.version, `${tried.id} was acknowledged at ${tried.version}, is ${version}`);
      else tried.version = version;
    }
    check(written === markers.size, `${markers.size - written} transactions were written that were refused`);
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}

function explain({ id, version, steps, seen }: Tried, expected: readonly string[]): string {
  const lines = steps.map(
    ({ describe }, at) => `  ${describe}: saw ${seen[at]}, should have seen ${expected[at]}`,
  );
  return [`${id} at ${version} saw what no order explains`, ...lines].join("\n");
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
