/**
 * One target of a node: its store, the replica of its chain, and what is reported of it. A target whose directory cannot be
 * opened is there all the same, and offline, so that its chain goes on without it and somebody sees why.
 */
import type { TargetState } from "../../mgmtd/model/chain.ts";
import type { TargetReport } from "../../mgmtd/model/report.ts";
import type { Replica } from "../chain/replica.ts";
import type { ChunkStore } from "../chunk-store.ts";
import type { TargetSettings } from "./settings.ts";

export class Target {
  readonly settings: TargetSettings;
  /** Undefined where it could not be opened. */
  readonly replica: Replica | undefined;
  readonly store: ChunkStore | undefined;
  /** Acknowledged updates may be missing, until it has been brought up to date. */
  #incomplete: boolean;
  #usableBytes = 0;

  constructor(
    settings: TargetSettings,
    opened: { readonly store: ChunkStore; readonly replica: Replica } | undefined,
  ) {
    this.settings = settings;
    this.store = opened?.store;
    this.replica = opened?.replica;
    const report = opened?.store.opened;
    // Bytes at the journal's end that are no batch may be rot in the last one as well as what a crash left.
    this.#incomplete = report !== undefined && (!report.isComplete || report.isTailTorn);
  }

  get isIncomplete(): boolean {
    return this.#incomplete;
  }

  /** It has everything again. */
  complete(): void {
    this.#incomplete = false;
  }

  async measure(): Promise<void> {
    const { store } = this;
    if (store === undefined || store.failure !== undefined) return;
    this.#usableBytes = (await store.space()).usableBytes;
    if (this.#usableBytes > 0) this.replica?.hasRoom();
  }

  /** What is true from now on: a target that is told to serve nothing keeps to it. */
  report(state: TargetState | undefined, isOpen: boolean): TargetReport {
    const usedBytes = this.store?.usedBytes ?? 0;
    return {
      target: this.settings.id,
      disk: this.settings.disk,
      local: this.#local(state, isOpen),
      chainVersion: this.replica?.chainVersion ?? 0,
      usedBytes: BigInt(Math.floor(usedBytes)),
      capacityBytes: BigInt(Math.floor(usedBytes + this.#usableBytes)),
    };
  }

  #local(state: TargetState | undefined, isOpen: boolean): TargetReport["local"] {
    const { replica, store } = this;
    if (replica === undefined || store === undefined || store.failure !== undefined) return "offline";
    // One that syncs and takes nothing would hold up every update; said to be offline, it is left out.
    const isExpected = state === "serving" || state === "syncing";
    const keepsAway = replica.hasStopped && (replica.isReleased || isExpected);
    // Brought back, it would take nothing again. What nobody else has, it goes on serving.
    if (replica.isFull && !isExpected && state !== "lastServer") return "offline";
    if (!isOpen || keepsAway) {
      replica.stop();
      return "offline";
    }
    if (state === "serving") return replica.takesPart() ? "upToDate" : this.#whole();
    if (state === "syncing" && replica.isUpToDate) return "upToDate";
    return this.#whole();
  }

  #whole(): TargetReport["local"] {
    return this.#incomplete ? "incomplete" : "online";
  }
}
