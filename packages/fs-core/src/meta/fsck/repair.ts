/** Sets right what a check found, where that is safe: only rows that are still as they were found. */
import { equalBytes, type SignalOptions } from "@smallpond/base";
import type { Metastore, Transaction } from "../../metastore/transaction.ts";
import type { Finding, RepairStep } from "./finding.ts";

/** `changed`: something is not as it was found any more; check again. `none`: no repair is known that is safe. */
export type RepairOutcome = "repaired" | "changed" | "none";

export async function repair(
  metastore: Metastore,
  finding: Finding,
  options: SignalOptions = {},
): Promise<RepairOutcome> {
  const plan = finding.repair;
  if (plan === undefined) return "none";
  return metastore.transact(async (transaction) => {
    const rows = await transaction.getMany(plan.expect.map(({ key }) => key));
    const same = plan.expect.every(({ value }, at) => isSame(value, rows[at]));
    if (!same) return "changed";
    for (const step of plan.change) apply(transaction, step);
    return "repaired";
  }, options);
}

function apply(transaction: Transaction, step: RepairStep): void {
  switch (step.kind) {
    case "set":
      transaction.set(step.key, step.value);
      break;
    case "clear":
      transaction.clear(step.key);
      break;
    case "add":
      transaction.add(step.key, step.delta);
      break;
    default:
      step satisfies never;
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
