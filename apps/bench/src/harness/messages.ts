/** What the harness and the process of a side tell each other. */
import type { BenchContext, Outcome, Step } from "./benchmark.ts";

/** The only argument of a side's process, as JSON. */
export interface SideOrder {
  readonly suite: string;
  readonly benchmark: string;
  readonly side: string;
  readonly context: BenchContext;
}

export type ToSide =
  | { readonly kind: "run"; readonly round: number }
  | { readonly kind: "tidy"; readonly round: number }
  | { readonly kind: "close" };

export type FromSide =
  | { readonly kind: "ready" }
  | { readonly kind: "ran"; readonly ms: number; readonly outcome: Outcome; readonly steps: readonly Step[] }
  | { readonly kind: "tidied" }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly message: string };
