/**
 * One target of a node: its store, the replica of its chain, and what is reported of it. A target whose directory cannot be
 * opened is there all the same, and offline, so that its chain goes on without it and somebody sees why.
 */
import type { TargetState } from "../../mgmtd/model/chain.ts";
import { ANY_VERSION, type TargetReport } from "../../mgmtd/model/report.ts";
import type { Replica } from "../chain/replica.ts";
import type { ChunkStore } from "../chunk-store.ts";
import type { TargetSettings } from "./settings.ts";

export interface OpenedTarget {
  readonly store: ChunkStore;
  readonly replica: Replica;
}

export class Target {
  readonly settings: TargetSettings;
  #opened: OpenedTarget | undefined;
  #isDamaged = false;
  /** Acknowledged updates are missing for all anybody knows, until it has been brought up to date. */
  #incomplete = false;
  /**
   * Bytes at the journal's end were no batch: what a crash left of one that nobody was told of, or, if the disk also lost
   * what it had synced, of the last one.
   */
  #isTailTorn = false;
  #usableBytes = 0;

  constructor(settings: TargetSettings) {
    this.settings = settings;
  }

  /** Undefined where it could not be opened. */
  get replica(): Replica | undefined {
    return this.#opened?.replica;
  }

  get store(): ChunkStore | undefined {
    return this.#opened?.store;
  }

  /** Its index or journal is not what was written. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  opened(opened: OpenedTarget): void {
    const { isComplete, isTailTorn } = opened.store.opened;
    this.#opened = opened;
    this.#isDamaged = false;
    this.#incomplete = !isComplete;
    this.#isTailTorn = isTailTorn;
  }

  damaged(): void {
    this.#isDamaged = true;
  }

  get usedBytes(): number {
    return Math.floor(this.store?.usedBytes ?? 0);
  }

  /** That clients may still write, when it was measured last. */
  get usableBytes(): number {
    return Math.floor(this.#usableBytes);
  }

  /** It has everything again. */
  complete(): void {
    this.#incomplete = false;
    this.#isTailTorn = false;
  }

  async measure(): Promise<void> {
    const { store } = this;
    if (store === undefined || store.failure !== undefined) return;
    this.#usableBytes = (await store.space()).usableBytes;
    if (this.#usableBytes > 0) this.replica?.hasRoom();
  }

  /**
   * What is true from now on: a target that is told to serve nothing keeps to it. Until the chain knows of this process's
   * start the agent says `offline` for it, whatever stands here.
   */
  report(state: TargetState | undefined): TargetReport {
    const usedBytes = this.store?.usedBytes ?? 0;
    return {
      target: this.settings.id,
      disk: this.settings.disk,
      local: this.#local(state),
      chainVersion: this.replica === undefined ? ANY_VERSION : (this.replica.chainVersion ?? 0),
      usedBytes: BigInt(Math.floor(usedBytes)),
      capacityBytes: BigInt(Math.floor(usedBytes + this.#usableBytes)),
    };
  }

  #local(state: TargetState | undefined): TargetReport["local"] {
    const { replica, store } = this;
    if (replica === undefined || store === undefined || store.failure !== undefined) return "offline";
    // One that syncs and takes nothing would hold up every update; said to be offline, it is left out.
    const isExpected = state === "serving" || state === "syncing";
    const keepsAway = replica.hasStopped && (replica.isReleased || isExpected);
    // Brought back, it would take nothing again. What nobody else has, it goes on serving.
    if (replica.isFull && !isExpected && state !== "lastServer") return "offline";
    if (keepsAway) {
      replica.stop();
      return "offline";
    }
    if (state === "serving" && replica.takesPart()) return "upToDate";
    if (state === "syncing" && replica.isUpToDate) return "upToDate";
    // A power cut tears all replicas of a chain that is written: where nobody serves, what it leaves is whole.
    const isSuspect = this.#isTailTorn && state !== "lastServer" && state !== "serving";
    return this.#incomplete || isSuspect ? "incomplete" : "online";
  }
}
