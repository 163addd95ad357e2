/** What `join` takes: how people write it, and how the plan has it. */
import { JOIN_TYPES, type Join, type JoinOn, type JoinType } from "../logical/join.ts";
import { badArgument, checkPartitions, type OneOrMore, oneOrMore } from "./arguments.ts";

/** Columns both frames have, pairs of expressions, or a condition over `l` and `r`. */
export type On =
  | string
  | readonly string[]
  | { readonly left: string | readonly string[]; readonly right: string | readonly string[] }
  | { readonly condition: string };

export interface JoinOptions {
  readonly on?: On;
  /** `inner` when not given. */
  readonly how?: JoinType;
  /** Put after names of the right frame that the left has too; `_right` when not given. */
  readonly suffix?: string;
  /** Hash both sides into that many parts and join part by part, for joins that do not fit in memory as one. */
  readonly partitions?: number;
}

/** @throws BAD_ARGUMENT naming what cannot be meant. */
export function joinSettings(options: JoinOptions): Pick<Join, "how" | "on" | "suffix" | "partitions"> {
  const how = options.how ?? "inner";
  if (!JOIN_TYPES.includes(how))
    throw badArgument("join", `how must be one of ${JOIN_TYPES.join(", ")}`, how);
  const on = joinOn(options.on, how);
  const partitions = checkPartitions("join", options.partitions);
  return { how, on, suffix: options.suffix ?? "_right", partitions };
}

function joinOn(on: On | undefined, how: JoinType): JoinOn {
  if (how === "cross") {
    if (on === undefined) return { kind: "none" };
    throw badArgument("join", "a cross join has no `on`", on);
  }
  if (on === undefined) throw badArgument("join", "say what to join by with `on`", undefined);
  if (typeof on === "string") return { kind: "columns", columns: [on] };
  if (Array.isArray(on)) return { kind: "columns", columns: on as readonly string[] };
  if ("condition" in on) return { kind: "condition", condition: on.condition };
  const pair = on as { readonly left: OneOrMore<string>; readonly right: OneOrMore<string> };
  const left = oneOrMore(pair.left);
  const right = oneOrMore(pair.right);
  if (left.length === right.length && left.length > 0) return { kind: "keys", left, right };
  throw badArgument(
    "join",
    "left and right need the same number of keys",
    `${left.length} and ${right.length}`,
  );
}
