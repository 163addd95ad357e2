/**
 * How the rows of a frame are divided, as a property that is computed and compared (invariant S3).
 *
 * Two frames may be taken partition by partition only when equal things are sure to be in partitions of equal
 * number. `align` decides that from the property alone; whatever it cannot prove is reshuffled or refused.
 */
import { commonHashType } from "./canonical-type.ts";

export type Partitioning =
  | SinglePartitioning
  | EvenPartitioning
  | HashPartitioning
  | ColumnPartitioning
  | RandomPartitioning
  | RangePartitioning
  | DerivedPartitioning;

/** One partition: seen whole by everything it is combined with. */
export interface SinglePartitioning {
  readonly kind: "single";
  readonly count: 1;
}

interface Divided {
  readonly count: number;
  /** The division itself: two frames with the same lineage were cut by the same node, so their parts belong together. */
  readonly lineage: string;
}

export interface EvenPartitioning extends Divided {
  readonly kind: "even";
  readonly by: "files" | "rows";
}

export interface HashPartitioning extends Divided {
  readonly kind: "hash";
  /** SQL expressions over the frame's columns. */
  readonly keys: readonly string[];
  /** What each key is cast to before hashing (`canonicalType`). */
  readonly types: readonly string[];
  /** DuckDB's `hash`, which may change between its versions: both are part of the property. */
  readonly algorithm: "duckdb-hash";
  readonly engine: string;
}

export interface ColumnPartitioning extends Divided {
  readonly kind: "column";
  readonly expression: string;
}

export interface RandomPartitioning extends Divided {
  readonly kind: "random";
}

export interface RangePartitioning extends Divided {
  readonly kind: "range";
  readonly keys: readonly string[];
}

/** The parts are known, what they have in common no longer is: SQL or a function may have changed any column. */
export interface DerivedPartitioning extends Divided {
  readonly kind: "derived";
}

export const SINGLE: SinglePartitioning = Object.freeze({ kind: "single", count: 1 });

export function describePartitioning(partitioning: Partitioning): string {
  switch (partitioning.kind) {
    case "single":
      return "one partition";
    case "even":
      return `even(${partitioning.by}, ${partitioning.count})`;
    case "hash": {
      const keys = partitioning.keys.map((key, i) => `${key}::${partitioning.types[i]}`);
      return `hash(${keys.join(", ")}; ${partitioning.count})`;
    }
    case "column":
      return `column(${partitioning.expression}; ${partitioning.count})`;
    case "random":
      return `random(${partitioning.count})`;
    case "range":
      return `range(${partitioning.keys.join(", ")}; ${partitioning.count})`;
    case "derived":
      return `derived(${partitioning.count})`;
    default:
      return partitioning satisfies never;
  }
}

/** What has to happen to one input so that all line up. */
export type Alignment =
  /** It has one partition and is seen whole by every part. */
  | { readonly kind: "broadcast" }
  | { readonly kind: "aligned" }
  /** It is hashed again by its own keys, cast to `types`, into the common count. */
  | { readonly kind: "reshuffle"; readonly keys: readonly string[]; readonly types: readonly string[] };

export type AlignResult =
  | { readonly ok: true; readonly count: number; readonly inputs: readonly Alignment[] }
  | { readonly ok: false; readonly leader: number; readonly input: number; readonly reason: string };

/** Lines inputs up for a per-partition query. The first divided input gives the count. */
export function align(inputs: readonly Partitioning[]): AlignResult {
  const leader = inputs.findIndex((input) => input.count > 1);
  if (leader === -1) return { ok: true, count: 1, inputs: inputs.map(() => ({ kind: "broadcast" })) };
  const lead = inputs[leader] as Exclude<Partitioning, SinglePartitioning>;
  const types = lead.kind === "hash" ? commonTypes(lead, inputs) : [];
  const result: Alignment[] = [];
  for (const [i, input] of inputs.entries()) {
    const alignment = alignOne(lead, input, types);
    if (typeof alignment === "string") return { ok: false, leader, input: i, reason: alignment };
    result.push(alignment);
  }
  return { ok: true, count: lead.count, inputs: result };
}

/** The alignment, or why there is none. */
function alignOne(
  lead: Exclude<Partitioning, SinglePartitioning>,
  input: Partitioning,
  types: readonly (string | undefined)[],
): Alignment | string {
  if (input.kind === "single" || input.count === 1) return { kind: "broadcast" };
  if (lead.kind === "hash" && input.kind === "hash") return alignHash(lead, input, types);
  const leadMoves = lead.kind === "hash" && !sameTypes(lead.types, types);
  if (lead.lineage === input.lineage && lead.count === input.count && !leadMoves) return { kind: "aligned" };
  if (lead.count !== input.count) return `${lead.count} partitions against ${input.count}`;
  if (lead.kind === "column" && input.kind === "column") return { kind: "aligned" };
  return "their rows were divided in different ways, so matching rows may be in different partitions";
}

function alignHash(
  lead: HashPartitioning,
  input: HashPartitioning,
  types: readonly (string | undefined)[],
): Alignment | string {
  if (lead.keys.length !== input.keys.length) {
    return `${lead.keys.length} hash keys against ${input.keys.length}`;
  }
  // A key without a common type is the fault of the input whose type is not the first's.
  const bad = types.findIndex((type, i) => type === undefined && input.types[i] !== lead.types[i]);
  if (bad >= 0) return `hash key ${bad + 1} is ${lead.types[bad]} in one and ${input.types[bad]} in another`;
  if (types.includes(undefined)) return { kind: "aligned" };
  const same = sameTypes(input.types, types) && input.count === lead.count && input.engine === lead.engine;
  if (same) return { kind: "aligned" };
  return { kind: "reshuffle", keys: input.keys, types: types as readonly string[] };
}

/** Per key, the type all hashed inputs fit in. */
function commonTypes(lead: HashPartitioning, inputs: readonly Partitioning[]): (string | undefined)[] {
  return lead.types.map((type, i) => {
    let common: string | undefined = type;
    for (const input of inputs) {
      if (input.kind !== "hash" || input.count === 1 || input.keys.length !== lead.keys.length) continue;
      common = common === undefined ? undefined : commonHashType(common, input.types[i]!);
    }
    return common;
  });
}

function sameTypes(a: readonly string[], b: readonly (string | undefined)[]): boolean {
  return a.every((type, i) => type === b[i]);
}
