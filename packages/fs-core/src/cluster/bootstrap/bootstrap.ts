/**
 * Makes a cluster of services that run: the root user and its token, the nodes, targets, chains and the table of chains.
 * It may be run again at any time, by anybody, also when an earlier run was killed: what is there stays as it is.
 */
import { type Clock, isPondError, PondError, type SignalOptions } from "@smallpond/base";
import type { TargetId } from "../../ids.ts";
import type { MgmtdClient } from "../../mgmtd/agent/mgmtd-client.ts";
import type { OperatorAction, TargetPlan } from "../../mgmtd/service/actions.ts";
import type { Logger } from "../../service/log.ts";
import { planBootstrap } from "./plan.ts";
import { type RootUser, type RootUserDeps, setUpRoot } from "./root-user.ts";
import type { ClusterShape } from "./shape.ts";

export interface BootstrapDeps extends RootUserDeps {
  /** As a member of the cluster; it follows the routing. */
  readonly mgmtd: Pick<MgmtdClient, "operate" | "routing" | "routingCache" | "status">;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface BootstrapRequest {
  readonly shape: ClusterShape;
  /** Nothing: users are somebody else's business. */
  readonly root?: RootUser;
}

export interface BootstrapOptions extends SignalOptions {
  /** For all of it. Default 60 s. */
  readonly timeoutMs?: number;
  /** In words for people. */
  readonly onProgress?: (text: string) => void;
}

const TIMEOUT_MS = 60_000;
const PAUSE_MS = 25;

/**
 * Returns once the table of chains is there; chains may still be on their way to full strength.
 *
 * @throws BAD_CLUSTER when the shape cannot be; BOOTSTRAP_INCOMPLETE when nodes or targets stay away.
 */
export async function bootstrap(
  deps: BootstrapDeps,
  request: BootstrapRequest,
  options: BootstrapOptions = {},
): Promise<void> {
  const { shape, root } = request;
  const { timeoutMs = TIMEOUT_MS, onProgress = () => {} } = options;
  const untilMs = deps.clock.monotonicMs() + timeoutMs;
  const run = new Bootstrap(deps, untilMs, options);
  await deps.mgmtd.routingCache.waitFor(0n, options);
  const plan = planBootstrap(shape, deps.mgmtd.routing);
  if (plan.isDone) return;
  onProgress("putting the cluster together");
  if (root !== undefined) await setUpRoot(deps, root, options);
  for (const action of plan.members) await run.operate(action);
  // A target that nobody has heard of would be dropped from its chain as soon as it is in it.
  const missing = plan.targets.filter(({ id }) => !isInChain(deps.mgmtd.routing.chains.values(), id));
  await run.heardOf(missing, onProgress);
  for (const action of plan.chains) await run.operate(action);
  deps.log.info("cluster put together", { nodes: shape.nodes.length, targets: plan.targets.length });
}

class Bootstrap {
  readonly #deps: BootstrapDeps;
  readonly #untilMs: number;
  readonly #options: SignalOptions;
  readonly #heard: Set<TargetId> = new Set();

  constructor(deps: BootstrapDeps, untilMs: number, options: SignalOptions) {
    this.#deps = deps;
    this.#untilMs = untilMs;
    this.#options = options;
  }

  /** All actions come to the same when they are done again, so one whose outcome nobody knows is. */
  async operate(action: OperatorAction): Promise<void> {
    const { mgmtd } = this.#deps;
    for (;;) {
      try {
        const { routingVersion } = await mgmtd.operate(action, this.#options);
        await mgmtd.routingCache.waitFor(routingVersion, this.#options);
        return;
      } catch (error) {
        if (!isPassing(error) || this.#isOver()) throw error;
        await this.#pause();
      }
    }
  }

  /** Waits until each target is reported as one that may take part. */
  async heardOf(targets: readonly TargetPlan[], onProgress: (text: string) => void): Promise<void> {
    let told = -1;
    for (;;) {
      const away = targets.filter(({ id }) => !this.#heard.has(id));
      if (away.length !== told && away.length > 0) {
        onProgress(`${targets.length - away.length} of ${targets.length} targets are there`);
        told = away.length;
      }
      if (away.length === 0) return;
      if (this.#isOver()) throw incomplete(away);
      await this.#pause();
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    try {
      const { nodes } = await this.#deps.mgmtd.status(this.#options);
      for (const { targets } of nodes) {
        for (const { target, local } of targets) if (local !== "offline") this.#heard.add(target);
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }

  #isOver(): boolean {
    return this.#deps.clock.monotonicMs() >= this.#untilMs;
  }

  async #pause(): Promise<void> {
    await this.#deps.clock.sleep(PAUSE_MS, this.#options);
  }
}

function isInChain(
  chains: Iterable<{ readonly targets: readonly { readonly target: TargetId }[] }>,
  id: TargetId,
): boolean {
  for (const { targets } of chains) if (targets.some(({ target }) => target === id)) return true;
  return false;
}

/** What may be over when it is asked again. */
function isPassing(error: unknown): boolean {
  if (!isPondError(error)) return false;
  const { kind, code } = error;
  return kind === "retry" || kind === "unknown-outcome" || kind === "conflict" || code === "NO_PRIMARY";
}

function incomplete(away: readonly TargetPlan[]): PondError<"BOOTSTRAP_INCOMPLETE"> {
  const nodes = [...new Set(away.map(({ node }) => node))].join(", ");
  return new PondError("BOOTSTRAP_INCOMPLETE", {
    kind: "unavailable",
    message: `${away.length} targets have not been heard of, of storage nodes ${nodes}`,
    details: { targets: away.map(({ id }) => id) },
    hint: "start these storage services, or look into their logs",
  });
}
