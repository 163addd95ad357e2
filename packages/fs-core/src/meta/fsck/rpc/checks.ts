/**
 * The checks of the metadata that go on in a service. A check takes memory for each inode, so there is one at a time; it
 * ends when nobody has asked about it for a while.
 */
import type { RequestId } from "../../../ids.ts";
import type { Logger } from "../../../service/log.ts";
import type { Gauge, Metrics } from "../../../service/metrics.ts";
import type { CallContext } from "../../../wire/rpc/method.ts";
import type { RpcRouter } from "../../../wire/rpc/router.ts";
import { actingUser } from "../../access/acting-user.ts";
import { refused, requireSuperuser } from "../../access/permissions.ts";
import { FSCK, FSCK_LIMITS, type FsckAnswer, type FsckPlan, type FsckQuestion } from "./fsck-method.ts";
import { RunningCheck, type RunningCheckDeps } from "./running-check.ts";

export interface ChecksDeps extends RunningCheckDeps {
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface ChecksSettings {
  /** After so long without a question about it a check ends, and what it found is forgotten. */
  readonly idleMs: number;
}

export const DEFAULT_CHECKS_SETTINGS: ChecksSettings = { idleMs: 15_000 };

interface Current {
  readonly name: RequestId;
  readonly check: RunningCheck;
}

export class Checks {
  readonly #deps: ChecksDeps;
  readonly #settings: ChecksSettings;
  readonly #gauge: Gauge;
  #current: Current | undefined;
  #closed = false;

  constructor(deps: ChecksDeps, settings: ChecksSettings = DEFAULT_CHECKS_SETTINGS) {
    this.#deps = deps;
    this.#settings = settings;
    this.#gauge = deps.metrics.gauge("pond_meta_checks_running", "Checks of the metadata that go on.");
  }

  offer(router: RpcRouter): void {
    router.handle(FSCK, (question, context) => this.#answer(question, context));
  }

  /** Ends what goes on; resolves when it has. */
  async close(): Promise<void> {
    this.#closed = true;
    const current = this.#current;
    this.#end(current, "the service closes");
    await current?.check.ended;
  }

  async #answer(question: FsckQuestion, { principal, traceId }: CallContext): Promise<FsckAnswer> {
    const asked = { operation: "fsck", subject: "metadata" };
    requireSuperuser(actingUser(principal, question.as, FSCK.name), asked);
    if (this.#current?.name !== question.check) this.#begin(question, traceId);
    const current = this.#current!;
    if (question.stop) this.#end(current, "it was stopped");
    else current.check.putOff(this.#settings.idleMs, () => this.#end(current, "nobody asks about it"));
    return await current.check.tell(question);
  }

  #begin({ check: name, begin: plan, stop }: FsckQuestion, traceId: string): void {
    const asked = { operation: "fsck", subject: `check ${name}` };
    if (this.#current !== undefined) throw refused("EBUSY", asked, "another check goes on in this service");
    if (plan === undefined || stop || this.#closed) {
      throw refused("ESTALE", asked, "this service knows no such check: begin another one");
    }
    if (!isPlan(plan)) throw refused("EINVAL", asked, `a check looks 1 to ${FSCK_LIMITS.looksMax} times`);
    this.#deps.log.info("check of the metadata begins", { check: name, repair: plan.repair, traceId });
    this.#gauge.add(1);
    this.#current = { name, check: new RunningCheck(this.#deps, plan) };
  }

  #end(current: Current | undefined, reason: string): void {
    if (current === undefined || this.#current !== current) return;
    this.#current = undefined;
    this.#gauge.add(-1);
    current.check.stop();
    this.#deps.log.info("check of the metadata ends", { check: current.name, reason });
  }
}

function isPlan({ looks }: FsckPlan): boolean {
  return looks >= 1 && looks <= FSCK_LIMITS.looksMax;
}
