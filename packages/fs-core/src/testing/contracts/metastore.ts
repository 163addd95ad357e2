/** What every metastore promises, whoever owns the store. */
import type { ContractCase } from "@smallpond/base/testing";
import type { Metastore } from "../../metastore/transaction.ts";
import { BLIND_CASES } from "./metastore-blind.ts";
import { CONFLICT_CASES } from "./metastore-conflicts.ts";
import { LIMIT_CASES } from "./metastore-limits.ts";
import { READ_CASES } from "./metastore-reads.ts";
import { RETRY_CASES } from "./metastore-retries.ts";

export interface MetastoreUnderTest extends AsyncDisposable {
  /** Over a store that is empty. */
  readonly metastore: Metastore;
  /** The same one, as another of its users sees it. */
  readonly other: Metastore;
  /** Lets at least `ms` milliseconds pass on the clocks of both. */
  advance(ms: number): Promise<void>;
}

export type MetastoreCases = Readonly<Record<string, (subject: MetastoreUnderTest) => Promise<void>>>;

export function metastoreContract(setup: () => Promise<MetastoreUnderTest>): readonly ContractCase[] {
  const cases = { ...READ_CASES, ...CONFLICT_CASES, ...BLIND_CASES, ...LIMIT_CASES, ...RETRY_CASES };
  return Object.entries(cases).map(([name, body]) => ({
    name,
    run: async () => {
      await using subject = await setup();
      await body(subject);
    },
  }));
}
