/** The steps that random transactions are made of, each with what it does to a plain map. */
import type { Random } from "@smallpond/base";
import type { Transaction } from "@smallpond/fs-core";

/** One step, what it saw, and how it changes the rows of a model. */
export interface Step {
  readonly describe: string;
  readonly run: (transaction: Transaction) => Promise<string>;
  readonly model: (rows: Map<string, string>) => string;
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const KEYS: readonly string[] = ["a", "b", "c", "d", "e", "f", "g", "h"];
const NUMBERS: readonly string[] = ["n1", "n2"];

export const IDLE: Step = { describe: "nothing", run: async () => "", model: () => "" };

export function newStep(random: Random, id: string): Step {
  const key = KEYS[random.int(KEYS.length)]!;
  const number = NUMBERS[random.int(NUMBERS.length)]!;
  const [low, high] = [key, KEYS[random.int(KEYS.length)]!].sort() as [string, string];
  const limit = 1 + random.int(4);
  const reverse = random.next() < 0.5;
  const operand = BigInt(random.int(100) - 50);
  const value = `${id}.${random.int(1000)}`;
  const steps: readonly (() => Step)[] = [
    () => ({
      describe: `read ${key}`,
      run: async (each) => printed(await each.get(ENCODER.encode(key))),
      model: (rows) => rows.get(key) ?? "none",
    }),
    () => ({
      describe: `read ${number}`,
      run: async (each) => printed(await each.get(ENCODER.encode(number))),
      model: (rows) => rows.get(number) ?? "none",
    }),
    () => ({
      describe: `read ${low} to ${high}, ${limit}`,
      run: async (each) => {
        const { entries } = await each.range(range(low, high), { limit, reverse });
        return entries.map((entry) => `${DECODER.decode(entry.key)}=${printed(entry.value)}`).join();
      },
      model: (rows) => rangeOf(rows, low, high, reverse).slice(0, limit).join(),
    }),
    () => ({
      describe: `set ${key}`,
      ...writing((each) => each.set(ENCODER.encode(key), ENCODER.encode(value))),
      model: silently((rows) => rows.set(key, value)),
    }),
    () => ({
      describe: `clear ${key}`,
      ...writing((each) => each.clear(ENCODER.encode(key))),
      model: silently((rows) => rows.delete(key)),
    }),
    () => ({
      describe: `clear ${low} to ${high}`,
      ...writing((each) => each.clearRange(range(low, high))),
      model: (rows) => {
        for (const each of rows.keys()) if (each >= low && each < high) rows.delete(each);
        return "";
      },
    }),
    () => ({
      describe: `add ${operand} to ${number}`,
      ...writing((each) => each.add(ENCODER.encode(number), operand)),
      model: silently((rows) =>
        rows.set(number, `#${BigInt((rows.get(number) ?? "#0").slice(1)) + operand}`),
      ),
    }),
    () => ({
      describe: `raise ${number} to ${operand}`,
      ...writing((each) => each.max(ENCODER.encode(number), operand)),
      model: (rows) => {
        const before = rows.get(number);
        if (before === undefined || BigInt(before.slice(1)) < operand) rows.set(number, `#${operand}`);
        return "";
      },
    }),
  ];
  // Reads come as often as all else together.
  return steps[random.next() < 0.5 ? random.int(3) : random.int(steps.length)]!();
}

function writing(write: (transaction: Transaction) => void): Pick<Step, "run"> {
  return {
    run: async (transaction) => {
      write(transaction);
      return "";
    },
  };
}

function silently(change: (rows: Map<string, string>) => unknown): Step["model"] {
  return (rows) => {
    change(rows);
    return "";
  };
}

function rangeOf(rows: Map<string, string>, low: string, high: string, reverse: boolean): readonly string[] {
  const found = [...rows].filter(([key]) => key >= low && key < high).sort(([a], [b]) => (a < b ? -1 : 1));
  if (reverse) found.reverse();
  return found.map(([key, value]) => `${key}=${value}`);
}

export function range(begin: string, end: string): { readonly begin: Uint8Array; readonly end: Uint8Array } {
  return { begin: ENCODER.encode(begin), end: ENCODER.encode(end) };
}

/** Numbers as `#n`: values of steps are longer than 8 bytes or not of their form. */
export function printed(value: Uint8Array | undefined): string {
  if (value === undefined) return "none";
  const text = DECODER.decode(value);
  if (/^t\d+\.\d+$/.test(text)) return text;
  return `#${new DataView(value.buffer, value.byteOffset).getBigInt64(0, true)}`;
}
