import { PondError } from "@smallpond/base";
import type { PartitionSpec } from "../logical/partition-spec.ts";
import { PARTITIONS_MAX } from "./arguments.ts";

/** At most one of these says how rows are divided; without any, by files where there are enough, else by rows. */
export interface RepartitionOptions {
  /** Equal values of these expressions go together. */
  readonly hashBy?: string | readonly string[];
  /** An integer expression whose value, from 0 to count - 1, is the partition. */
  readonly by?: string;
  /** Consecutive, about equally full ranges of these sort keys. */
  readonly rangeBy?: string | readonly string[];
  /** Rows as they come, in pieces that differ by at most one row. */
  readonly byRows?: boolean;
  /** Whole files as they come; with more partitions than files some are empty. */
  readonly byFiles?: boolean;
  /** Each row to a partition drawn for it. */
  readonly random?: boolean;
  /** Makes `random` repeat. */
  readonly seed?: number;
}

export function repartitionSpec(count: number, options: RepartitionOptions): PartitionSpec {
  if (!Number.isSafeInteger(count) || count < 1 || count > PARTITIONS_MAX) {
    throw bad(`the number of partitions must be a whole number from 1 to ${PARTITIONS_MAX}, got ${count}`);
  }
  const ways = (["hashBy", "by", "rangeBy", "byRows", "byFiles", "random"] as const).filter(
    (way) => options[way] !== undefined && options[way] !== false,
  );
  if (ways.length > 1) throw bad(`${ways.join(" and ")} exclude each other`);
  if (options.seed !== undefined && ways[0] !== "random") throw bad("seed goes with random");
  switch (ways[0]) {
    case "hashBy":
      return { kind: "hash", keys: keys(options.hashBy, "hashBy"), count };
    case "rangeBy":
      return { kind: "range", keys: keys(options.rangeBy, "rangeBy"), count };
    case "by":
      return { kind: "column", expression: options.by!, count };
    case "random":
      return { kind: "random", count, seed: options.seed ?? null };
    case "byRows":
      return { kind: "even", by: "rows", count };
    case "byFiles":
      return { kind: "even", by: "files", count };
    case undefined:
      return { kind: "even", by: "auto", count };
    default:
      return ways[0] satisfies never;
  }
}

function keys(value: string | readonly string[] | undefined, name: string): readonly string[] {
  const list = typeof value === "string" ? [value] : (value ?? []);
  if (list.length === 0) throw bad(`${name} needs at least one expression`);
  return list;
}

function bad(message: string): PondError {
  return new PondError("BAD_ARGUMENT", { kind: "invalid", message: `repartition(): ${message}` });
}
