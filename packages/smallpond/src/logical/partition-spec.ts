/** What `repartition` asks for. What a frame then has is a `Partitioning` (`planner/partitioning.ts`). */

export type PartitionSpec = EvenSpec | HashSpec | ColumnSpec | RandomSpec | RangeSpec;

/** Contiguous pieces of nearly equal size, by whole files or by rows; `auto` takes files when there are enough. */
export interface EvenSpec {
  readonly kind: "even";
  readonly by: "files" | "rows" | "auto";
  readonly count: number;
}

/** Equal keys go to the same partition. Keys are SQL expressions. */
export interface HashSpec {
  readonly kind: "hash";
  readonly keys: readonly string[];
  readonly count: number;
  /** What the keys are cast to before hashing, where another frame decides; by their own type when not given. */
  readonly types?: readonly string[];
}

/** The value of an integer expression is the partition's number. */
export interface ColumnSpec {
  readonly kind: "column";
  readonly expression: string;
  readonly count: number;
}

/** Every row to a partition drawn for it; the same draw each time when a seed is given. */
export interface RandomSpec {
  readonly kind: "random";
  readonly count: number;
  readonly seed: number | null;
}

/** Consecutive ranges of the sort keys, about equally full, so that sorted partitions in order are sorted as a whole. */
export interface RangeSpec {
  readonly kind: "range";
  /** Sort keys as in ORDER BY: `delay DESC NULLS LAST, origin`. */
  readonly keys: readonly string[];
  readonly count: number;
}

export function describeSpec(spec: PartitionSpec): string {
  switch (spec.kind) {
    case "even":
      return `even(${spec.by}, ${spec.count})`;
    case "hash":
      return `hash(${spec.keys.join(", ")}; ${spec.count})`;
    case "column":
      return `column(${spec.expression}; ${spec.count})`;
    case "random":
      return `random(${spec.count}${spec.seed === null ? "" : `, seed ${spec.seed}`})`;
    case "range":
      return `range(${spec.keys.join(", ")}; ${spec.count})`;
    default:
      return spec satisfies never;
  }
}
