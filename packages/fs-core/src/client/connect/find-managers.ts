/** Whether any of a cluster's managers can be reached, and what is in the way if none can. */
import {
  type Clock,
  formatAddress,
  isPondError,
  type NetAddress,
  PondError,
  type SignalOptions,
} from "@smallpond/base";
import { PRIMARY } from "../../mgmtd/service/methods.ts";
import type { Caller } from "../../wire/rpc/method.ts";
import { unlessAborted } from "../fs/abort.ts";

export interface FindManagersDeps {
  readonly callers: { to(address: NetAddress): Caller };
  readonly clock: Clock;
}

export interface FindManagersSettings {
  readonly url: string;
  readonly managers: readonly NetAddress[];
  readonly connectMs: number;
}

const PAUSE_MS = 100;
const ASK_MS = 3000;
/** Where nobody listens or the name is unknown, waiting rarely helps: only as long as a process takes to start. */
const REFUSED_MS = 1000;

/** Refusals that no other try would change. */
const REFUSALS: ReadonlySet<string> = new Set([
  "AUTH_FAILED",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "ACCESS_DENIED",
  "BAD_FRAME",
  "UNKNOWN_METHOD",
]);

const NOBODY_THERE: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "ENOENT"]);

/** Resolves when one has answered. `CLUSTER_UNREACHABLE`, or what all of them say about the credentials. */
export async function findManagers(
  { callers, clock }: FindManagersDeps,
  { url, managers, connectMs }: FindManagersSettings,
  { signal }: SignalOptions = {},
): Promise<void> {
  const beganMs = clock.monotonicMs();
  for (;;) {
    const leftMs = connectMs - (clock.monotonicMs() - beganMs);
    const timeoutMs = Math.max(1, Math.min(ASK_MS, leftMs));
    const asked = managers.map((address) =>
      callers.to(address).call(PRIMARY, undefined, { timeoutMs, attempts: 1, signal }),
    );
    try {
      await unlessAborted(Promise.any(asked), signal);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const reasons = (error as AggregateError).errors;
      const refusal = reasons.find((reason) => isPondError(reason) && REFUSALS.has(reason.code));
      if (refusal !== undefined) throw refusal;
      const isNobody = reasons.every(isNobodyThere);
      const spentMs = clock.monotonicMs() - beganMs + PAUSE_MS;
      if (spentMs >= (isNobody ? Math.min(REFUSED_MS, connectMs) : connectMs)) {
        throw unreachable(url, managers, reasons);
      }
    }
    await clock.sleep(PAUSE_MS, { signal });
  }
}

function isNobodyThere(reason: unknown): boolean {
  return causes(reason).some((cause) => isPondError(cause) && NOBODY_THERE.has(cause.code));
}

function unreachable(url: string, managers: readonly NetAddress[], reasons: readonly unknown[]): PondError {
  const each = managers.map((address, at) => `${formatAddress(address)}: ${inWords(reasons[at])}`);
  return new PondError("CLUSTER_UNREACHABLE", {
    kind: "unavailable",
    message: `no cluster manager of ${url} answers (${each.join("; ")})`,
    details: { url },
    hint: "check host and port, and that the cluster is up: pond cluster status",
    cause: reasons[0],
  });
}

/** The first thing that went wrong, which is the last in the chain of causes. */
function inWords(reason: unknown): string {
  const last = causes(reason).at(-1);
  return last instanceof Error ? last.message : String(last);
}

function causes(reason: unknown): readonly unknown[] {
  const all: unknown[] = [];
  for (let each = reason; each !== undefined && all.length < 8; each = (each as Error).cause) {
    if (each instanceof Error && !isPondError(each) && all.length > 0) break;
    all.push(each);
  }
  return all;
}
