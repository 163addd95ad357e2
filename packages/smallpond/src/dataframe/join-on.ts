/** What a join is made by, as people write it and as the plan has it. */
import type { JoinOn, JoinType } from "../logical/join.ts";
import { badArgument, type OneOrMore, oneOrMore } from "./arguments.ts";

/** Columns both frames have, pairs of expressions, or a condition over `l` and `r`. */
export type On =
  | string
  | readonly string[]
  | { readonly left: string | readonly string[]; readonly right: string | readonly string[] }
  | { readonly condition: string };

export function joinOn(on: On | undefined, how: JoinType): JoinOn {
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
