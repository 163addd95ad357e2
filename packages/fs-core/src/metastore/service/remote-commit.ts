/**
 * Commits from a process that does not own the store. A commit has an id, so that it can be sent again, to the same owner
 * or to the next one: whoever owns the store knows from memory or from the journal whether it was written.
 */
import {
  type Clock,
  type ErrorKind,
  isPondError,
  type Probes,
  type Random,
  type SignalOptions,
} from "@smallpond/base";
import { newRandomId, type RequestId } from "../../ids.ts";
import type { CommitRequest } from "../engine/backend.ts";
import { notOwner } from "../errors.ts";
import type { RemoteSettings } from "../settings.ts";
import type { CommitOutcome } from "../transaction.ts";

/** Whoever owns the store now, here or elsewhere. */
export interface CommitTarget {
  commit(
    request: CommitRequest & { readonly id: RequestId; readonly resent: boolean },
  ): Promise<CommitOutcome>;
}

export interface RemoteCommitDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly probes: Probes;
  /** Rejects with `NOT_OWNER` when nobody is found in time. */
  readonly findOwner: (options: SignalOptions & { readonly untilMs: number }) => Promise<CommitTarget>;
  readonly onTrouble: () => void;
}

export async function remoteCommit(
  deps: RemoteCommitDeps,
  settings: RemoteSettings,
  request: CommitRequest,
  options: SignalOptions = {},
): Promise<CommitOutcome> {
  const { clock, probes, random } = deps;
  const untilMs = clock.monotonicMs() + settings.ownerMsMax;
  const id = newRandomId<RequestId>(random);
  let resent = false;
  for (;;) {
    const tried = await tryCommit(deps, { ...request, id, resent }, { ...options, untilMs });
    if (tried.kind === "answered") {
      if (resent) probes.mark(`metastore: a commit sent again was ${tried.outcome.kind}`);
      return tried.outcome;
    }
    if (tried.kind === "failed") throw tried.error;
    resent ||= tried.kind === "unanswered";
    if (clock.monotonicMs() >= untilMs) {
      if (resent) return { kind: "unknown" };
      throw notOwner("and no owner was found in time");
    }
    deps.onTrouble();
    await clock.sleep(settings.pauseMs * (0.5 + random.next() / 2), options);
  }
}

type Tried =
  | { readonly kind: "answered"; readonly outcome: CommitOutcome }
  /** For good: nothing was written and nothing will be. */
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "unanswered" }
  /** This try wrote nothing; one before it may have. */
  | { readonly kind: "refused" };

async function tryCommit(
  deps: RemoteCommitDeps,
  request: CommitRequest & { readonly id: RequestId; readonly resent: boolean },
  options: SignalOptions & { readonly untilMs: number },
): Promise<Tried> {
  try {
    const owner = await deps.findOwner(options);
    options.signal?.throwIfAborted();
    return { kind: "answered", outcome: await abortable(owner.commit(request), options) };
  } catch (error) {
    if (options.signal?.aborted === true) return { kind: "failed", error };
    return afterError(error, request.resent);
  }
}

/** Told once, these hold for every copy of the commit, whenever it arrives: its snapshot only grows older. */
const FINAL: ReadonlySet<string> = new Set(["TRANSACTION_TOO_OLD", "TRANSACTION_TOO_LARGE", "KEY_INVALID"]);
const REFUSALS: ReadonlySet<string> = new Set(["NOT_OWNER", "OVERLOADED", "CLOSING", "METASTORE_BUSY"]);

function afterError(error: unknown, resent: boolean): Tried {
  if (!isPondError(error) || FINAL.has(error.code)) return { kind: "failed", error };
  if (error.code === "METASTORE_CLOSED" && resent) return { kind: "answered", outcome: { kind: "unknown" } };
  if (error.code === "NO_ANSWER" && error.kind === "retry") return { kind: "refused" };
  if (UNANSWERED_KINDS.has(error.kind) && error.code !== "METASTORE_CLOSED") return { kind: "unanswered" };
  // An earlier copy may still come through where this one did not.
  if (REFUSALS.has(error.code) || resent) return { kind: "refused" };
  return { kind: "failed", error };
}

const UNANSWERED_KINDS: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  "unknown-outcome",
  "internal",
  "closed",
]);

/** The outcome, or the reason of an abort that comes first. */
async function abortable<T>(outcome: Promise<T>, { signal }: SignalOptions): Promise<T> {
  if (signal === undefined) return await outcome;
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    const settle = (then: () => void): void => {
      signal.removeEventListener("abort", onAbort);
      then();
    };
    outcome.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error as Error)),
    );
  });
}
