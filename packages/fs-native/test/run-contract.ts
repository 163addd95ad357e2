import type { ContractCase } from "@smallpond/base/testing";
import { describe, test } from "vitest";

export function runContract(subject: string, cases: readonly ContractCase[]): void {
  describe(subject, () => {
    for (const { name, run } of cases) test(name, run);
  });
}
