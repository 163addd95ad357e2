/** What a primary knows of another replica in its epoch. */
import type { AppendReply } from "./messages.ts";
import type { Caller } from "./rpc.ts";

export class Peer {
  readonly id: number;
  readonly caller: Caller;
  nextIndex: number;
  /** Up to where its log is known to be this primary's, durably. */
  matchIndex: number = 0;
  suspect: boolean = false;
  /** Its latest start that was heard of, and when that was first heard. */
  boot: number = 0;
  bootKnownMs: number = Number.POSITIVE_INFINITY;
  /** When the latest message was sent that it accepted from this primary. */
  ackedSentMs: number = Number.NEGATIVE_INFINITY;

  constructor(deps: { readonly id: number; readonly caller: Caller; readonly nextIndex: number }) {
    this.id = deps.id;
    this.caller = deps.caller;
    this.nextIndex = deps.nextIndex;
  }

  /** It answered in the primary's own epoch. */
  heard(news: { readonly reply: AppendReply; readonly sentMs: number; readonly nowMs: number }): void {
    const { reply, sentMs, nowMs } = news;
    if (reply.boot !== this.boot) {
      this.boot = reply.boot;
      this.bootKnownMs = nowMs;
    }
    this.suspect = reply.suspect;
    this.ackedSentMs = Math.max(this.ackedSentMs, sentMs);
    this.nextIndex = reply.matchIndex + 1;
    if (reply.ok) this.matchIndex = reply.matchIndex;
  }
}
