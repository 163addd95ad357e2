/** What an explorer asks of its child processes, and what they answer: plain data over IPC. */
import type { RunReport } from "../scenario/run.ts";

/** Some seeds of one scenario, in a row. */
export interface Block {
  readonly scenario: string;
  readonly from: number;
  readonly count: number;
}

/** One seed's report, without the page of a run that passed. */
export interface SeedDone {
  readonly kind: "seed";
  readonly report: RunReport;
  readonly wallMs: number;
  /** Whether the seed ran twice, to compare the hashes. */
  readonly twice: boolean;
}

export interface BlockDone {
  readonly kind: "block";
}

export type FromWorker = SeedDone | BlockDone;

/** Every twentieth seed runs twice. */
export const TWICE_EVERY = 20;
