/** A check that somebody asked for over RPC, from its beginning until nobody asks any more. */
import { type Clock, isPondError, News, type SignalOptions, type Timer } from "@smallpond/base";
import type { Metastore } from "../../../metastore/transaction.ts";
import type { Finding, FsckReport } from "../finding.ts";
import { checkLive } from "../fsck.ts";
import { repair } from "../repair.ts";
import {
  FSCK_LIMITS,
  type FsckAnswer,
  type FsckPlan,
  type ToldFinding,
  type ToldRepair,
  toldFinding,
} from "./fsck-method.ts";

export interface RunningCheckDeps {
  readonly metastore: Metastore;
  readonly clock: Clock;
}

export class RunningCheck {
  /** Resolves when nothing of it goes on. Never rejects. */
  readonly ended: Promise<void>;
  readonly #deps: RunningCheckDeps;
  readonly #plan: FsckPlan;
  readonly #stop: AbortController = new AbortController();
  readonly #news: News = new News();
  readonly #found: ToldFinding[] = [];
  #state: FsckAnswer["state"] = "checking";
  #look = 1;
  #rows = 0;
  #report: FsckReport | undefined;
  #failure: { readonly error: unknown } | undefined;
  #idle: Timer | undefined;

  constructor(deps: RunningCheckDeps, plan: FsckPlan) {
    this.#deps = deps;
    this.#plan = plan;
    this.ended = this.#run();
  }

  /** How far it is, at the latest after `waitMs`; throws what it failed with. */
  async tell(question: { readonly after: number; readonly waitMs: number }): Promise<FsckAnswer> {
    if (this.#isRunning && question.after >= this.#found.length) {
      await this.#news.wait(this.#deps.clock, Math.min(question.waitMs, FSCK_LIMITS.waitMsMax));
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    const { after } = question;
    const report = this.#report;
    return {
      state: this.#state,
      look: this.#look,
      rows: this.#rows,
      findings: this.#found.slice(after, after + FSCK_LIMITS.findingsMax),
      report: report && { ...report, findings: report.findings.length },
    };
  }

  /** Calls back unless it is put off again before that time is over. */
  putOff(ms: number, forgotten: () => void): void {
    this.#idle?.cancel();
    this.#idle = this.#deps.clock.timer(ms, forgotten).unref();
  }

  /** Ends it, wherever it is. */
  stop(): void {
    this.#idle?.cancel();
    if (this.#isRunning) this.#enter("stopped");
    this.#stop.abort(new Error("the check was stopped"));
  }

  get #isRunning(): boolean {
    return this.#failure === undefined && (this.#state === "checking" || this.#state === "repairing");
  }

  async #run(): Promise<void> {
    const { looks, pauseMs } = this.#plan;
    const { signal } = this.#stop;
    try {
      const report = await checkLive(this.#deps, {
        looks,
        pauseMs,
        signal,
        onProgress: ({ look, rows }) => {
          this.#look = look;
          this.#rows = rows;
        },
      });
      this.#report = report;
      if (this.#plan.repair) this.#enter("repairing");
      for (const finding of report.findings) {
        this.#found.push(toldFinding(finding, await this.#repaired(finding, { signal })));
      }
      if (!signal.aborted) this.#enter("done");
    } catch (error) {
      if (signal.aborted) return;
      this.#failure = { error };
      this.#news.tell();
    }
  }

  async #repaired(finding: Finding, options: SignalOptions): Promise<ToldRepair> {
    if (finding.repair === undefined) return "none";
    if (!this.#plan.repair) return "possible";
    try {
      return await repair(this.#deps.metastore, finding, options);
    } catch (error) {
      // Whether it was repaired the next check tells.
      if (isPondError(error) && (error.kind === "unknown-outcome" || error.kind === "conflict"))
        return "changed";
      throw error;
    }
  }

  #enter(state: FsckAnswer["state"]): void {
    this.#state = state;
    this.#news.tell();
  }
}
