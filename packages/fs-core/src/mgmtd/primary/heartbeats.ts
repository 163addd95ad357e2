/** What the primary makes of a heartbeat: it notes what the node says, grants it a lease, and tells it what to do. */
import { type Clock, equalBytes } from "@smallpond/base";
import type { NodeId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import { encode } from "../../wire/codec/index.ts";
import type { Term } from "../election/election.ts";
import { mgmtdError } from "../model/errors.ts";
import { addressesCodec, NO_INCARNATION, type NodeInfo } from "../model/node.ts";
import type { TargetReport } from "../model/report.ts";
import type { TargetInfo } from "../model/target.ts";
import type { DeadReport, HeartbeatAnswer, HeartbeatQuestion } from "../service/messages.ts";
import type { ChainJudge } from "./chain-judge.ts";
import type { ClusterChange, ClusterState } from "./cluster-state.ts";
import type { Configs } from "./configs.ts";
import type { Departures } from "./departures.ts";
import { isEmpty, type Ledger, notPrimary } from "./ledger.ts";
import type { Beat, NodeWatch } from "./node-watch.ts";

export interface HeartbeatsDeps {
  readonly term: Term;
  readonly ledger: Ledger;
  readonly watch: NodeWatch;
  readonly judge: ChainJudge;
  readonly departures: Departures;
  readonly configs: Configs;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HeartbeatsSettings {
  readonly nodeLeaseMs: number;
  readonly heartbeatMs: number;
  readonly registerUnknownNodes: boolean;
}

export class Heartbeats {
  readonly #deps: HeartbeatsDeps;
  readonly #settings: HeartbeatsSettings;

  constructor(deps: HeartbeatsDeps, settings: HeartbeatsSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  async beat(question: HeartbeatQuestion): Promise<HeartbeatAnswer> {
    const { term, ledger, watch, judge, departures, configs, clock } = this.#deps;
    // The lease is counted from here: nothing that takes long comes before it.
    const atMs = clock.monotonicMs();
    this.#check(question);
    // Most heartbeats change nothing that is stored, and do not wait for what is being stored.
    if (!isEmpty(this.#changeBy(ledger.state, question))) {
      await ledger.change((state) => ({ change: this.#changeBy(state, question), result: undefined }));
    }
    // Time has passed if something was stored: it may be over, or another heartbeat may have been faster.
    this.#check(question);
    if (!term.holds()) throw notPrimary();
    const { heartbeatMs, nodeLeaseMs } = this.#settings;
    const config = configs.newerThan(question.kind, question.configVersion);
    const { version: routingVersion } = ledger.state;
    const reported = question.targets.map(({ target }) => target);
    const release = departures.ofNode(ledger.state, question.node, reported);
    if (judge.isDropping(question.node)) {
      return { leaseMs: 0, heartbeatMs: Math.min(heartbeatMs, 100), routingVersion, release, config };
    }
    const before = watch.last(question.node);
    const beat = beatOf(question, atMs);
    // A node has one life at a time: the last one is over, and is told so if it speaks again.
    if (before !== undefined && before.incarnation !== beat.incarnation) {
      watch.reportDead(question.node, before.incarnation);
    }
    watch.heard(question.node, beat);
    if (judge.doubts || saysAnythingNew(before, beat)) judge.wake();
    return { leaseMs: nodeLeaseMs, heartbeatMs, routingVersion, release, config };
  }

  /** Counts at once: what that process served is dropped, and its heartbeats are refused from now on. */
  reportDead({ node, incarnation }: DeadReport): void {
    const { watch, judge, ledger, log } = this.#deps;
    const current = watch.last(node)?.incarnation ?? ledger.state.nodes.get(node)?.incarnation;
    // Another life has begun: what is said of the one before has no consequence.
    if (current !== incarnation) return;
    log.warn("node reported dead", { node, incarnation });
    watch.reportDead(node, incarnation);
    judge.wake();
  }

  #check(question: HeartbeatQuestion): void {
    const { term, watch, ledger, configs } = this.#deps;
    const { node: id, incarnation, version } = question;
    if (question.term !== term.number) {
      throw mgmtdError("WRONG_TERM", `a heartbeat for term ${question.term} in term ${term.number}`);
    }
    const node = ledger.state.nodes.get(id);
    checkNode(question, node, this.#settings.registerUnknownNodes);
    if (watch.isDead(id, incarnation)) {
      throw mgmtdError("NODE_DEAD", `this process of node ${id} was reported dead`, {
        hint: "start it again",
      });
    }
    const last = watch.last(id)?.version ?? 0n;
    if (version <= last) {
      throw mgmtdError("STALE_HEARTBEAT", `heartbeat ${version} of node ${id} after ${last}`, {
        details: { last },
      });
    }
    const known = configs.newest(question.kind)?.version ?? 0;
    if (question.configVersion > known) {
      throw mgmtdError(
        "CONFIG_AHEAD",
        `node ${id} has configuration ${question.configVersion} where ${known} is the last`,
        {
          hint: "it belongs to another cluster, or this one's store was set back",
        },
      );
    }
  }

  /** What is stored because of the heartbeat: most change nothing. */
  #changeBy(state: ClusterState, question: HeartbeatQuestion): ClusterChange {
    const known = state.nodes.get(question.node);
    const { id, incarnation, addresses } = { ...question, id: question.node };
    const node: NodeInfo = {
      ...(known ?? {
        id,
        kind: question.kind,
        host: question.host,
        tags: [],
        draining: false,
        status: "registered",
        incarnation: NO_INCARNATION,
        addresses,
      }),
      status: known?.status === "disabled" ? "disabled" : "alive",
      addresses,
      incarnation,
    };
    const targets = question.targets.flatMap((report) => this.#placeOf(state, id, report));
    return { nodes: known !== undefined && sameNode(known, node) ? [] : [node], targets };
  }

  /** A target stands where its node says, unless another node that may still have it says otherwise. */
  #placeOf(state: ClusterState, node: NodeId, { target: id, disk }: TargetReport): readonly TargetInfo[] {
    const { watch, log } = this.#deps;
    const known = state.targets.get(id);
    if (known === undefined) return [{ id, node, disk, hold: "none" }];
    if (known.node === node) return known.disk === disk ? [] : [{ ...known, disk }];
    const owner = state.nodes.get(known.node);
    const beat = watch.last(known.node);
    const mayHaveIt =
      owner !== undefined && !watch.isGone(owner) && (beat === undefined || beat.targets.has(id));
    if (mayHaveIt) {
      log.warn("target reported by two nodes", { target: id, node, owner: known.node });
      return [];
    }
    return [{ ...known, node, disk }];
  }
}

function checkNode(question: HeartbeatQuestion, node: NodeInfo | undefined, registerUnknown: boolean): void {
  const { node: id, kind } = question;
  if (node === undefined && !registerUnknown) {
    throw mgmtdError("UNKNOWN_NODE", `nobody registered node ${id}`, {
      hint: "register it with its host tag",
    });
  }
  if (node !== undefined && node.kind !== kind) {
    throw mgmtdError("UNKNOWN_NODE", `node ${id} is a ${node.kind} node, not a ${kind} node`, {
      hint: "give every process a number of its own",
    });
  }
  if (node?.status === "disabled")
    throw mgmtdError("NODE_DISABLED", `node ${id} was disabled by an operator`);
}

function beatOf(question: HeartbeatQuestion, atMs: number): Beat {
  const { incarnation, version, configVersion, configError, targets } = question;
  const byId = new Map(targets.map((report) => [report.target, report]));
  return { incarnation, version, atMs, configVersion, configError, targets: byId };
}

/** Whether chains may change by it. */
function saysAnythingNew(before: Beat | undefined, beat: Beat): boolean {
  if (before === undefined || before.incarnation !== beat.incarnation) return true;
  if (before.targets.size !== beat.targets.size) return true;
  for (const [id, { local, chainVersion }] of beat.targets) {
    const last = before.targets.get(id);
    if (last?.local !== local || last.chainVersion !== chainVersion) return true;
  }
  return false;
}

function sameNode(a: NodeInfo, b: NodeInfo): boolean {
  return (
    a.status === b.status &&
    a.incarnation === b.incarnation &&
    equalBytes(encode(addressesCodec, a.addresses), encode(addressesCodec, b.addresses))
  );
}
