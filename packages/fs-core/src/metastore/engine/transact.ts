/** Runs a body in transactions until one commits, with pauses that grow and differ, for as long as there is time. */
import type { Clock, Random } from "@smallpond/base";
import { isWorthAnotherTry, metastoreError } from "../errors.ts";
import type { RetrySettings } from "../settings.ts";
import type { BeginOptions, CommitOptions, Metastore, Transaction, TransactOptions } from "../transaction.ts";

export interface TransactDeps {
  readonly metastore: Pick<Metastore, "begin">;
  readonly clock: Clock;
  readonly random: Random;
}

export async function transact<T>(
  deps: TransactDeps,
  settings: RetrySettings,
  body: (transaction: Transaction) => Promise<T>,
  options: TransactOptions = {},
): Promise<T> {
  const { clock, random } = deps;
  const timeoutMs = options.timeoutMs ?? settings.timeoutMs;
  const untilMs = clock.monotonicMs() + timeoutMs;
  let restMs = timeoutMs;
  let pauseMs = settings.pauseMs;
  for (;;) {
    const { signal, reserve = false } = options;
    const tried = await tryOnce(deps, body, { signal, reserve, timeoutMs: restMs });
    if (tried.kind === "committed") return tried.value;
    if (tried.kind === "unknown" && options.repeatable !== true) throw commitUnknown();
    restMs = untilMs - clock.monotonicMs() - pauseMs;
    if (restMs <= 0) throw outOfTime(tried, timeoutMs);
    await clock.sleep(pauseMs * (0.5 + random.next() / 2), options);
    pauseMs = Math.min(2 * pauseMs, settings.pauseMsMax);
  }
}

type Try<T> =
  | { readonly kind: "committed"; readonly value: T }
  | { readonly kind: "conflict" }
  | { readonly kind: "unknown" }
  | { readonly kind: "refused"; readonly error: unknown };

/** A commit under way is waited for when the time is up: to give up on it would leave an outcome that nobody knows. */
async function tryOnce<T>(
  { metastore }: TransactDeps,
  body: (transaction: Transaction) => Promise<T>,
  options: BeginOptions & CommitOptions,
): Promise<Try<T>> {
  let transaction: Transaction | undefined;
  try {
    transaction = await metastore.begin(options);
    const value = await body(transaction);
    const { kind } = await transaction.commit(options);
    return kind === "committed" ? { kind, value } : { kind };
  } catch (error) {
    if (isWorthAnotherTry(error)) return { kind: "refused", error };
    throw error;
  } finally {
    transaction?.cancel();
  }
}

function outOfTime(tried: Exclude<Try<unknown>, { kind: "committed" }>, timeoutMs: number): unknown {
  if (tried.kind === "unknown") return commitUnknown();
  if (tried.kind === "refused") return tried.error;
  return metastoreError("TRANSACTION_CONFLICT", `others were first, again and again, for ${timeoutMs} ms`);
}

function commitUnknown(): unknown {
  return metastoreError("COMMIT_UNKNOWN", "nobody said whether the transaction was written");
}
