/** Waits for a cluster to be as strong as is wanted, looking at each change of the routing. */
import { type Clock, News, PondError, type SignalOptions } from "@smallpond/base";
import type { MgmtdClient } from "../../mgmtd/agent/mgmtd-client.ts";
import { type ClusterStrength, type Readiness, readinessOf, readinessText } from "./readiness.ts";
import type { ClusterShape } from "./shape.ts";

export interface WaitDeps {
  readonly mgmtd: Pick<MgmtdClient, "routing" | "routingCache">;
  readonly clock: Clock;
}

export interface WaitOptions extends SignalOptions {
  /** Default `serving`: everything can be read and written. */
  readonly strength?: Exclude<ClusterStrength, "down">;
  /** Default 60 s. */
  readonly timeoutMs?: number;
  /** In words for people, when it has changed. */
  readonly onProgress?: (text: string) => void;
}

const TIMEOUT_MS = 60_000;
/** Also looked at when nothing changes, for the deadline and the signal. */
const LOOK_MS = 250;

/** @throws CLUSTER_NOT_UP when it is not in time; what is missing is in the message and the details. */
export async function waitUntilUp(
  { mgmtd, clock }: WaitDeps,
  shape: ClusterShape,
  options: WaitOptions = {},
): Promise<Readiness> {
  const { strength = "serving", timeoutMs = TIMEOUT_MS, onProgress = () => {}, signal } = options;
  const untilMs = clock.monotonicMs() + timeoutMs;
  const news = new News();
  const stop = mgmtd.routingCache.onChange(() => news.tell());
  let told = "";
  try {
    for (;;) {
      signal?.throwIfAborted();
      const readiness = readinessOf(shape, mgmtd.routing);
      if (readiness.strength === "whole" || readiness.strength === strength) return readiness;
      const text = readinessText(readiness);
      if (text !== told) onProgress(text);
      told = text;
      if (clock.monotonicMs() >= untilMs) throw notUp(readiness, timeoutMs);
      await news.wait(clock, LOOK_MS);
    }
  } finally {
    stop();
  }
}

function notUp(readiness: Readiness, timeoutMs: number): PondError<"CLUSTER_NOT_UP"> {
  const { missingNodes } = readiness;
  const nodes = missingNodes.length === 0 ? "" : `; nodes not heard of: ${missingNodes.join(", ")}`;
  return new PondError("CLUSTER_NOT_UP", {
    kind: "unavailable",
    message: `the cluster is not up after ${timeoutMs / 1000} s: ${readinessText(readiness)}${nodes}`,
    details: readiness,
    hint: "look into the logs of the services",
  });
}
