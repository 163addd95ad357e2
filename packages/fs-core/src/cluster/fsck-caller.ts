/** A check of the metadata by a service, as whoever asked for it follows it. */
import type { SignalOptions } from "@smallpond/base";
import {
  FSCK,
  type FsckAnswer,
  type FsckPlan,
  type FsckSummary,
  type ToldFinding,
} from "../meta/fsck/rpc/fsck-method.ts";
import type { MetaCaller } from "./meta-caller.ts";

export type FsckEvent =
  | {
      readonly kind: "progress";
      readonly state: FsckAnswer["state"];
      /** From 1. */
      readonly look: number;
      /** Read by this look so far. */
      readonly rows: number;
    }
  | { readonly kind: "findings"; readonly findings: readonly ToldFinding[] }
  /** The last one. */
  | { readonly kind: "done"; readonly report: FsckSummary };

export interface FsckOptions extends SignalOptions, Partial<FsckPlan> {
  /** Between two pieces of news at most. Default 500 ms. */
  readonly progressMs?: number;
}

/** How long the end of a check that is given up is asked for; it ends by itself when nobody asks. */
const STOP_MS = 1000;

/**
 * Has the metadata checked, as root or an administrator. Three looks, 2 s apart, by default, and nothing is repaired. An
 * abort, or an early return, stops the check. When the service dies before it told what it found, another one begins
 * anew; after that it is `ESTALE`.
 */
export async function* checkOverRpc(
  meta: MetaCaller,
  options: FsckOptions = {},
): AsyncGenerator<FsckEvent, void, void> {
  const { looks = 3, pauseMs = 2000, repair = false, progressMs = 500, signal } = options;
  const check = meta.newRequest();
  const ask = (after: number, stop: boolean, how: SignalOptions & { readonly timeoutMs?: number }) => {
    const begin = after === 0 && !stop ? { looks, pauseMs, repair } : undefined;
    return meta.ask(FSCK, { check, begin, after, waitMs: progressMs, stop }, how);
  };
  let told = 0;
  try {
    for (;;) {
      const { state, look, rows, findings, report } = await ask(told, false, { signal });
      told += findings.length;
      yield { kind: "progress", state, look, rows };
      if (findings.length > 0) yield { kind: "findings", findings };
      if (state !== "done" || report === undefined || told < report.findings) continue;
      yield { kind: "done", report };
      return;
    }
  } finally {
    // Also of one that is done: the service keeps what it found until nobody asks.
    await ask(told, true, { timeoutMs: STOP_MS }).catch(() => {});
  }
}
