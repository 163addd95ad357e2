/**
 * One replica of a chain, as its target's disk and the routing make it: what it is to the chain in the version that it has
 * taken up, and whether it may act. What it does is in the other files of this room; docs/chain-protocol.md says why that
 * is right.
 */
import {
  assert,
  type Clock,
  type PondError,
  type Probes,
  type Random,
  type SignalOptions,
  Tasks,
} from "@smallpond/base";
import type { ChainId, ChainVersion, TargetId } from "../../ids.ts";
import type { Chain } from "../../mgmtd/model/chain.ts";
import type { Logger } from "../../service/log.ts";
import type { Method } from "../../wire/rpc/method.ts";
import type { ChunkStore } from "../chunk-store.ts";
import type { TrafficShares } from "../classes/traffic-shares.ts";
import { type ChunkKey, keyText } from "../model/chunk.ts";
import type { ChainAt, TrafficClass } from "../protocol/common.ts";
import type { ChainNote, ForwardOutcome } from "../protocol/forward.ts";
import { NOTE } from "../protocol/methods.ts";
import type { DoneOrRefused } from "../protocol/outcome.ts";
import type { AskOptions, Repairer, ReplicaView, Resync, SessionGate, SyncSink } from "./chain-deps.ts";
import type { Forwarder } from "./forwarder.ts";
import { InFlight } from "./in-flight.ts";
import { LinkReceiver, LinkSender } from "./links.ts";
import { refusalError, refuse } from "./refusals.ts";
import { type Place, placeIn, type Role } from "./role.ts";
import { sendWhole } from "./send-whole.ts";
import type { ChainSettings } from "./settings.ts";
import { takeUp } from "./take-up.ts";
import { NamedTurns } from "./turns.ts";

/** Planted on request, for the simulator to notice. Never set in production. */
export type ChainBug =
  | "ack-before-forward"
  | "dirty-read"
  | "no-lease-check"
  | "settle-without-dedupe"
  | "new-tail-serves-old"
  | "any-chain-version"
  | "no-link-check";

export interface ReplicaDeps {
  readonly store: ChunkStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly probes: Probes;
  readonly gate: SessionGate;
  readonly repairer: Repairer;
  readonly resync: Resync;
  readonly sink: SyncSink;
  readonly shares: TrafficShares;
  /** Whether the node may serve at this moment (I5). */
  readonly leaseHolds: () => boolean;
  /** Whether the chain knows that this process has started anew. */
  readonly isOpen: () => boolean;
  /** What the target is now would be reported differently from before. */
  readonly onChange: () => void;
  /** To the node of another target; throws `NOT_READY` where the routing does not say where that is. */
  readonly forwarderTo: (target: TargetId) => Forwarder;
  readonly ask: <Q, A>(
    target: TargetId,
    method: Method<Q, A>,
    question: Q,
    options?: AskOptions,
  ) => Promise<A>;
  readonly bug?: ChainBug | undefined;
}

export interface VersionWatch extends Disposable {
  readonly signal: AbortSignal;
}

const NOWHERE: Role = { kind: "idle" };

export class Replica implements ReplicaView {
  readonly target: TargetId;
  readonly deps: ReplicaDeps;
  readonly settings: ChainSettings;
  readonly turns: NamedTurns;
  readonly inFlight: InFlight = new InFlight();
  /** What is being written here without a pending version that others could see: whole chunks and notes. It waits for nobody. */
  readonly arriving: InFlight = new InFlight();
  /** Work that goes on although nobody waits for it. */
  readonly tasks: Tasks = new Tasks();
  links: LinkSender = new LinkSender();
  heard: LinkReceiver<ForwardOutcome | DoneOrRefused> = new LinkReceiver();
  #place: Place | undefined;
  /** Resolves when everything that the version asks for before it may be acted under is done. */
  #taken: Promise<void> = Promise.resolve();
  #isTaken = true;
  /** Aborts when another version is taken up, or the replica is closed. */
  #version: AbortController = new AbortController();
  /** Those who wait for that: thousands, too many for one signal. */
  readonly #watching: Set<AbortController> = new Set();
  /** The version in which it was said that it serves nothing. */
  #stoppedIn: ChainVersion | 0 | undefined;
  #released = false;
  #full = false;
  #upToDateIn: ChainVersion | undefined;
  #closed = false;

  constructor(target: TargetId, deps: ReplicaDeps, settings: ChainSettings) {
    this.target = target;
    this.deps = deps;
    this.settings = settings;
    this.turns = new NamedTurns(settings);
  }

  get store(): ChunkStore {
    return this.deps.store;
  }

  get chain(): ChainId | undefined {
    return this.#place?.chain;
  }

  get chainVersion(): ChainVersion | undefined {
    return this.#place?.version;
  }

  get role(): Role {
    return this.#place?.role ?? NOWHERE;
  }

  /** A signal that aborts with the version of the chain; dispose of it when nobody waits for it any more. */
  watchVersion(): VersionWatch {
    const watching = new AbortController();
    this.#watching.add(watching);
    const stop = (): void => void this.#watching.delete(watching);
    return { signal: watching.signal, [Symbol.dispose]: stop };
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** It has been brought up to date in this version of its chain. */
  get isUpToDate(): boolean {
    return this.#upToDateIn !== undefined && this.#upToDateIn === this.chainVersion;
  }

  /** A word that was given holds for this version of the chain: the manager may be about to act by it. */
  get hasStopped(): boolean {
    return this.#released || this.#stoppedIn === (this.chainVersion ?? 0);
  }

  /** The manager wants it to serve nothing. */
  get isReleased(): boolean {
    return this.#released;
  }

  /** It could not take what was passed on to it. */
  get isFull(): boolean {
    return this.#full;
  }

  /**
   * There was no room for an update that those before it have prepared. They can neither go back nor go on with it, so it
   * stops serving and they go on without it.
   */
  overflow(): void {
    if (!this.#full)
      this.deps.log.error("no room for what the chain has: leaving it", { target: this.target });
    this.#full = true;
    this.stop();
    this.deps.onChange();
  }

  /**
   * An update that it has prepared is damaged here, so it can pass it on to nobody. If others serve it stops: they have the
   * update or never said so, and bring it up to date when it comes back.
   */
  leaveDamaged(key: ChunkKey): void {
    const { role } = this;
    if (role.kind !== "serving" || role.others.length === 0 || this.hasStopped) return;
    this.deps.log.error("what is pending is damaged: leaving the chain until it is brought up to date", {
      target: this.target,
      chunk: keyText(key),
    });
    this.stop();
    this.deps.onChange();
  }

  /** There is room for clients' new chunks again. */
  hasRoom(): void {
    if (!this.#full) return;
    this.#full = false;
    this.deps.onChange();
  }

  takesPart(): boolean {
    const { deps } = this;
    if (this.#closed || this.hasStopped || !deps.isOpen() || this.store.failure !== undefined) return false;
    return deps.bug === "no-lease-check" || deps.leaseHolds();
  }

  at(): ChainAt {
    const { chain, chainVersion } = this;
    if (chain === undefined || chainVersion === undefined) {
      throw refuse("CHAIN_CHANGED", `target ${this.target} is in no chain`);
    }
    return { chain, chainVersion };
  }

  /**
   * The chain as the routing has it now; undefined if the target is in none. Synchronous: the version counts from here. To be
   * called for the same version when the replica has been opened, too.
   */
  see(chain: Chain | undefined): void {
    const place = chain && placeIn(chain, this.target, this.deps.isOpen());
    if (
      place?.version === this.#place?.version &&
      place?.chain === this.#place?.chain &&
      place?.isOpen === this.#place?.isOpen
    )
      return;
    if (chain !== undefined && this.#place?.chain === chain.id && chain.version < this.#place.version) return;
    this.#endVersion(refuse("CHAIN_CHANGED", "the chain has another version"));
    this.#version = new AbortController();
    this.links = new LinkSender();
    this.heard = new LinkReceiver();
    this.#place = place;
    this.#isTaken = false;
    const { signal } = this.#version;
    const taking = takeUp(this, signal).then(() => {
      if (!signal.aborted) this.#isTaken = true;
    });
    this.#taken = taking;
    // Its store has failed then, or another version came: nobody acts under this one.
    taking.catch((error: unknown) => {
      if (!signal.aborted)
        this.deps.log.error("a version of the chain was not taken up", { error: String(error) });
    });
    this.deps.onChange();
  }

  /** It must serve nothing from now on, until the chain has another version; or it may again. */
  release(named: boolean): void {
    this.#released = named;
    if (named) this.stop();
  }

  /** It is about to be reported as serving nothing, and keeps to that in this version. */
  stop(): void {
    this.#stoppedIn = this.chainVersion ?? 0;
  }

  upToDate(version: ChainVersion): void {
    this.#upToDateIn = version;
    this.deps.onChange();
  }

  /** Returns when the version has been taken up; refuses if that takes long, or the version changes. */
  async ready(): Promise<void> {
    if (this.#isTaken || this.deps.bug === "new-tail-serves-old") return;
    const { signal } = this.#version;
    const waited = new AbortController();
    const { clock } = this.deps;
    const { behindMs } = this.settings;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        waited.abort();
        resolve();
      };
      this.#taken.then(end, end);
      clock.sleep(behindMs, { signal: waited.signal }).then(end, () => {});
    });
    if (signal.aborted)
      throw refuse("CHAIN_CHANGED", "the chain has another version", { chainVersion: this.chainVersion });
    if (!this.#isTaken) throw refuse("NOT_READY", "what was pending is not settled yet");
  }

  async withChunk<T>(key: ChunkKey, work: () => Promise<T>, options: SignalOptions = {}): Promise<T> {
    using _turn = await this.turns.take(keyText(key), options);
    return await work();
  }

  sendWhole(
    key: ChunkKey,
    options: SignalOptions & { readonly trafficClass?: TrafficClass; readonly hasTurn?: boolean },
  ): Promise<boolean> {
    const work = (): Promise<boolean> => sendWhole(this, key, options);
    return options.hasTurn === true ? work() : this.withChunk(key, work, options);
  }

  async sendNote(note: ChainNote, options: SignalOptions = {}): Promise<void> {
    const { role, links } = this;
    const successor = role.kind === "serving" ? role.successor : undefined;
    assert(successor !== undefined, "a note is sent to a successor");
    const at = this.at();
    const sequence = links.begin();
    try {
      const { forwardMs } = this.settings;
      const link = links.link(sequence);
      const asked = { ...options, timeoutMs: forwardMs };
      const answer = await this.deps.ask(successor.target, NOTE, { ...at, link, note }, asked);
      if (answer.kind === "refused") throw refusalError(answer);
    } finally {
      links.end(sequence);
    }
  }

  ask<Q, A>(target: TargetId, method: Method<Q, A>, question: Q, options?: AskOptions): Promise<A> {
    return this.deps.ask(target, method, question, options);
  }

  /** Nothing begins any more; waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#endVersion(refuse("NOT_READY", "the storage service is closing"));
    await this.tasks.idle();
    await this.inFlight.idle();
  }

  #endVersion(reason: PondError): void {
    this.#version.abort(reason);
    const watching = [...this.#watching];
    this.#watching.clear();
    for (const each of watching) each.abort(reason);
  }
}
