/**
 * One of three replicas of the registers: a primary takes updates, two backups store them, and when the primary is
 * gone a backup takes over in a new epoch.
 *
 * - An update counts once two replicas have it synced in the primary's epoch; then it is applied and answered.
 * - A primary begins its epoch with a record of its own, and serves nobody before that one counts: then everything
 *   that ever counted is applied.
 * - Reads are answered from memory under a lease. A backup that hears the primary promises to vote for nobody for
 *   `leaseMs` from then on; the primary counts from the moment it *sent* what was heard, and relies on less. A replica
 *   that starts may have promised before: it waits a whole lease.
 * - A replica whose disk was damaged is a suspect: its votes and acknowledgements do not count, except that all three
 *   together may elect. It is cleared by a primary that has heard *both* others after the suspect's start, and so is
 *   current whatever the suspect forgot, once the suspect has that primary's whole log.
 */
import { assert, type Clock, News, type Probes, type Random, type Tasks, Turns } from "@smallpond/base";
import type { Ballot } from "./ballot.ts";
import type { Journal } from "./journal.ts";
import type {
  AppendReply,
  AppendRequest,
  ClientReply,
  ClientRequest,
  LogRecord,
  Message,
  ReadRequest,
  VoteReply,
  VoteRequest,
} from "./messages.ts";
import { isNetworkError } from "./network-errors.ts";
import { Peer } from "./peer.ts";
import { Registers } from "./registers.ts";
import type { Caller } from "./rpc.ts";
import { type Bug, LEASE_SHARE, type ToySettings } from "./settings.ts";

export interface ReplicaDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly probes: Probes;
  readonly ballot: Ballot;
  readonly journal: Journal;
  readonly tasks: Tasks;
  readonly stop: AbortSignal;
  /** How to reach the others, by their number. */
  readonly others: ReadonlyMap<number, Caller>;
}

export interface ReplicaOptions {
  readonly id: number;
  readonly records: readonly LogRecord[];
  readonly bug: Bug | undefined;
}

type Role = "backup" | "candidate" | "primary";

/** An update whose outcome somebody waits for. */
interface Waiter {
  readonly epoch: number;
  readonly resolve: (reply: ClientReply) => void;
}

const MAJORITY = 2;
const REPLICAS = 3;

export class Replica {
  readonly #deps: ReplicaDeps;
  readonly #settings: ToySettings;
  readonly #id: number;
  readonly #bug: Bug | undefined;
  /** Tells this start of the replica from all others. */
  readonly #boot: number;
  readonly #turns: Turns = new Turns();
  readonly #news: News = new News();
  readonly #log: LogRecord[];
  readonly #registers: Registers;
  readonly #waiters: Map<number, Waiter> = new Map();
  /** Updates this replica took from clients itself, as `session sequence`. */
  readonly #taken: Set<string> = new Set();
  #peers: readonly Peer[] = [];
  #role: Role = "backup";
  #primaryHint = -1;
  #storedIndex: number;
  #commitIndex = 0;
  #appliedIndex = 0;
  /** The record that began this primary's epoch. */
  #readyIndex = Number.POSITIVE_INFINITY;
  /** Until when it votes for nobody, and when it will want to be elected itself. */
  #promiseUntilMs: number;
  #electionAtMs: number;

  constructor(deps: ReplicaDeps, settings: ToySettings, options: ReplicaOptions) {
    this.#deps = deps;
    this.#settings = settings;
    this.#id = options.id;
    this.#bug = options.bug;
    this.#boot = 1 + deps.random.int(2 ** 32 - 1);
    this.#log = [...options.records];
    this.#storedIndex = this.#log.length;
    this.#registers = new Registers({ remembers: (record) => this.#remembers(record) });
    this.#promiseUntilMs = deps.clock.monotonicMs() + settings.leaseMs;
    this.#electionAtMs = this.#promiseUntilMs + this.#patienceMs();
  }

  /** Runs until stopped. */
  async run(): Promise<void> {
    while (!this.#deps.stop.aborted) {
      const leftMs = this.#electionAtMs - this.#deps.clock.monotonicMs();
      if (this.#role === "primary") await this.#lead();
      else if (leftMs <= 0) await this.#standForElection();
      else await this.#news.wait(this.#deps.clock, leftMs);
    }
    await this.#turns.take(async () => this.#retire());
  }

  /** Wakes everything that waits, so that it can end. */
  wake(): void {
    this.#news.tell();
  }

  async answer(message: Message): Promise<Message> {
    switch (message.kind) {
      case "vote":
        return await this.#turns.take(() => this.#onVote(message));
      case "append":
        return await this.#turns.take(() => this.#onAppend(message));
      case "request":
        return await this.#onRequest(message);
      case "read":
        return this.#onRead(message);
      default:
        return this.#reply("refused", "");
    }
  }

  // --- clients

  #onRead(request: ReadRequest): ClientReply {
    if (!this.#serving()) return this.#reply("refused", "");
    const leased = this.#deps.clock.monotonicMs() < this.#leaseUntilMs();
    if (!leased) this.#deps.probes.mark("read refused: no lease");
    if (!leased && this.#bug !== "stale-read-after-failover") return this.#reply("refused", "");
    return this.#reply("done", this.#registers.read(request.key));
  }

  #onRequest(request: ClientRequest): ClientReply | Promise<ClientReply> {
    if (!this.#serving()) return this.#reply("refused", "");
    const { session, sequence, update } = request;
    const answered = this.#registers.answeredOf(session);
    if (answered !== undefined && !this.#deps.probes.buggify("replica: logs a known retry", 0.5)) {
      if (answered.sequence === sequence) {
        this.#deps.probes.mark("retry answered from memory");
        return this.#reply("done", answered.value);
      }
      if (sequence < answered.sequence) return this.#reply("unsure", "");
    }
    const { epoch } = this.#deps.ballot.state;
    this.#taken.add(keyOf(request));
    const index = this.#log.push({ epoch, session, sequence, update });
    this.#deps.tasks.spawn(() => this.#store(epoch));
    return new Promise((resolve) => this.#waiters.set(index, { epoch, resolve }));
  }

  #reply(status: ClientReply["status"], value: string): ClientReply {
    return { kind: "reply", status, value, hint: this.#role === "primary" ? this.#id : this.#primaryHint };
  }

  /** Whether this is a primary that has applied everything that ever counted. */
  #serving(): boolean {
    return this.#role === "primary" && this.#appliedIndex >= this.#readyIndex;
  }

  // --- the primary

  /** Sends to both others until another epoch begins. */
  async #lead(): Promise<void> {
    const { epoch } = this.#deps.ballot.state;
    this.#peers = [...this.#deps.others].map(
      ([id, caller]) => new Peer({ id, caller, nextIndex: this.#log.length + 1 }),
    );
    this.#readyIndex = this.#log.push({ epoch, session: "", sequence: 0, update: { kind: "noop" } });
    await this.#store(epoch);
    await Promise.all(this.#peers.map((peer) => this.#replicate(peer, epoch)));
  }

  #leads(epoch: number): boolean {
    return this.#role === "primary" && this.#deps.ballot.state.epoch === epoch && !this.#deps.stop.aborted;
  }

  /** Puts what is not stored yet on this replica's own disk. */
  async #store(epoch: number): Promise<void> {
    await this.#turns.take(async () => {
      if (!this.#leads(epoch) || this.#storedIndex === this.#log.length) return;
      const end = this.#log.length;
      await this.#deps.journal.append(this.#log.slice(this.#storedIndex, end), this.#storedIndex);
      this.#storedIndex = end;
      this.#commit(epoch);
    });
    this.#news.tell();
  }

  async #replicate(peer: Peer, epoch: number): Promise<void> {
    const { clock } = this.#deps;
    while (this.#leads(epoch)) {
      const sentMs = clock.monotonicMs();
      const request = this.#appendFor(peer, epoch);
      const reply = await this.#ask(peer.caller, request);
      if (!this.#leads(epoch)) return;
      if (reply?.kind === "appended") await this.#onAppended(peer, { reply, request, sentMs });
      if (!this.#leads(epoch)) return;
      const idle = peer.nextIndex > this.#log.length && reply !== undefined;
      if (idle || reply === undefined) await this.#news.wait(clock, this.#settings.heartbeatMs);
    }
  }

  #appendFor(peer: Peer, epoch: number): AppendRequest {
    const previousIndex = Math.min(peer.nextIndex, this.#log.length + 1) - 1;
    return {
      kind: "append",
      epoch,
      primary: this.#id,
      previousIndex,
      previousEpoch: this.#epochAt(previousIndex),
      commitIndex: this.#commitIndex,
      lastIndex: this.#log.length,
      confirmedBoot: this.#confirmed(peer) ? peer.boot : 0,
      records: this.#log.slice(previousIndex, previousIndex + this.#settings.batchMax),
    };
  }

  async #onAppended(
    peer: Peer,
    news: { readonly reply: AppendReply; readonly request: AppendRequest; readonly sentMs: number },
  ): Promise<void> {
    const { reply, request, sentMs } = news;
    if (reply.epoch > request.epoch) return await this.#turns.take(() => this.#adopt(reply.epoch));
    if (reply.epoch < request.epoch) return;
    peer.heard({ reply, sentMs, nowMs: this.#deps.clock.monotonicMs() });
    this.#commit(request.epoch);
  }

  /** Whether this primary was current after the peer's start: the other one said so to what was sent since. */
  #confirmed(peer: Peer): boolean {
    const others = this.#peers.filter((other) => other !== peer);
    return peer.boot !== 0 && others.every((other) => other.ackedSentMs > peer.bootKnownMs);
  }

  #leaseUntilMs(): number {
    const acked = this.#peers.filter((peer) => !peer.suspect).map((peer) => peer.ackedSentMs);
    return Math.max(...acked, Number.NEGATIVE_INFINITY) + this.#settings.leaseMs * LEASE_SHARE;
  }

  /** Counts the replicas that have each record of this epoch, and applies what enough of them have. */
  #commit(epoch: number): void {
    const { suspect } = this.#deps.ballot.state;
    const matches = this.#peers.filter((peer) => !peer.suspect).map((peer) => peer.matchIndex);
    if (!suspect) matches.push(this.#storedIndex);
    matches.sort((a, b) => b - a);
    const needed = this.#bug === "ack-before-replicate" ? 1 : MAJORITY;
    const index = Math.min(matches[needed - 1] ?? 0, this.#storedIndex);
    // A record of an earlier epoch counts only together with one of this epoch: see section 5.4.2 of the Raft paper.
    if (index > this.#commitIndex && this.#epochAt(index) === epoch) this.#advance(index);
  }

  // --- the backup

  async #onAppend(request: AppendRequest): Promise<AppendReply> {
    const { epoch } = this.#deps.ballot.state;
    if (request.epoch < epoch) return this.#appended(false, 0);
    if (request.epoch > epoch) await this.#adopt(request.epoch);
    assert(this.#role !== "primary", `two primaries in epoch ${request.epoch}`);
    this.#role = "backup";
    this.#primaryHint = request.primary;
    this.#promise();
    if (this.#epochAt(request.previousIndex) !== request.previousEpoch) {
      this.#deps.probes.mark("append refused: logs differ");
      return this.#appended(false, Math.min(request.previousIndex - 1, this.#log.length));
    }
    await this.#take(request);
    const matchIndex = request.previousIndex + request.records.length;
    this.#advance(Math.min(request.commitIndex, matchIndex));
    await this.#clearSuspicion(request, matchIndex);
    this.#promise();
    return this.#appended(true, matchIndex);
  }

  /** Stores what is new, dropping what no primary will ever miss. */
  async #take(request: AppendRequest): Promise<void> {
    let at = request.previousIndex;
    const same = (record: LogRecord): boolean => this.#log[at]?.epoch === record.epoch;
    for (const record of request.records) {
      if (!same(record)) break;
      at += 1;
    }
    const news = request.records.slice(at - request.previousIndex);
    if (news.length === 0) return;
    assert(at >= this.#commitIndex, "what counts is never dropped");
    this.#log.length = at;
    this.#log.push(...news);
    await this.#deps.journal.append(news, at);
    this.#storedIndex = this.#log.length;
  }

  async #clearSuspicion(request: AppendRequest, matchIndex: number): Promise<void> {
    const { state } = this.#deps.ballot;
    if (!state.suspect || request.confirmedBoot !== this.#boot || matchIndex < request.lastIndex) return;
    this.#deps.probes.mark("suspect cleared");
    await this.#deps.ballot.save({ ...state, suspect: false });
  }

  #appended(ok: boolean, matchIndex: number): AppendReply {
    const { epoch, suspect } = this.#deps.ballot.state;
    return { kind: "appended", epoch, ok, matchIndex: Math.max(0, matchIndex), boot: this.#boot, suspect };
  }

  /** To the primary that was just heard: no vote for anybody else for a lease. */
  #promise(): void {
    this.#promiseUntilMs = this.#deps.clock.monotonicMs() + this.#settings.leaseMs;
    this.#electionAtMs = this.#promiseUntilMs + this.#patienceMs();
  }

  // --- elections

  async #onVote(request: VoteRequest): Promise<VoteReply> {
    const { clock, ballot, probes } = this.#deps;
    const nowMs = clock.monotonicMs();
    const leased = this.#role === "primary" && nowMs < this.#leaseUntilMs();
    if (nowMs < this.#promiseUntilMs || leased) {
      probes.mark("vote refused: promised");
      return this.#voted(false);
    }
    if (request.epoch < ballot.state.epoch) return this.#voted(false);
    if (request.epoch > ballot.state.epoch) await this.#adopt(request.epoch);
    const free = ballot.state.votedFor === -1 || ballot.state.votedFor === request.candidate;
    const lastEpoch = this.#epochAt(this.#log.length);
    const upToDate =
      request.lastEpoch > lastEpoch ||
      (request.lastEpoch === lastEpoch && request.lastIndex >= this.#log.length);
    if (!upToDate) probes.mark("vote refused: candidate lacks records");
    if (!free || !upToDate) return this.#voted(false);
    await ballot.save({ ...ballot.state, votedFor: request.candidate });
    this.#electionAtMs = clock.monotonicMs() + this.#settings.leaseMs + this.#patienceMs();
    return this.#voted(true);
  }

  #voted(granted: boolean): VoteReply {
    const { epoch, suspect } = this.#deps.ballot.state;
    return { kind: "voted", epoch, granted, suspect };
  }

  async #standForElection(): Promise<void> {
    const { ballot, others, probes } = this.#deps;
    const epoch = await this.#turns.take(async () => {
      if (this.#deps.clock.monotonicMs() < this.#electionAtMs) return undefined;
      this.#role = "candidate";
      await ballot.save({ ...ballot.state, epoch: ballot.state.epoch + 1, votedFor: this.#id });
      this.#electionAtMs = this.#deps.clock.monotonicMs() + this.#patienceMs();
      return ballot.state.epoch;
    });
    if (epoch === undefined) return;
    const lastIndex = this.#log.length;
    const question: VoteRequest = {
      kind: "vote",
      epoch,
      candidate: this.#id,
      lastIndex,
      lastEpoch: this.#epochAt(lastIndex),
    };
    const replies = await Promise.all([...others.values()].map((caller) => this.#ask(caller, question)));
    await this.#turns.take(async () => {
      const votes = replies.filter((reply): reply is VoteReply => reply?.kind === "voted");
      const newest = Math.max(0, ...votes.map((vote) => vote.epoch));
      if (newest > ballot.state.epoch) return await this.#adopt(newest);
      if (this.#role !== "candidate" || ballot.state.epoch !== epoch) return;
      const granted = votes.filter((vote) => vote.granted && vote.epoch === epoch);
      const sound = granted.filter((vote) => !vote.suspect).length + (ballot.state.suspect ? 0 : 1);
      const all = granted.length + 1 === REPLICAS;
      if (sound < MAJORITY && !all) return;
      if (sound < MAJORITY) probes.mark("elected by all, suspects among them");
      probes.mark("elected");
      this.#role = "primary";
    });
  }

  /** A higher epoch is known: whatever this replica was in the old one is over. */
  async #adopt(epoch: number): Promise<void> {
    const { ballot } = this.#deps;
    if (epoch <= ballot.state.epoch) return;
    if (this.#role === "primary") this.#deps.probes.mark("primary deposed");
    // First of all it stops leading: no reaction may ever see a primary with an epoch that is not its own.
    this.#retire();
    await ballot.save({ ...ballot.state, epoch, votedFor: -1 });
  }

  /** Nobody waits for a replica that does not lead. What was not stored yet never was. */
  #retire(): void {
    this.#role = "backup";
    this.#primaryHint = -1;
    this.#readyIndex = Number.POSITIVE_INFINITY;
    this.#log.length = this.#storedIndex;
    for (const waiter of this.#waiters.values()) waiter.resolve(this.#reply("unsure", ""));
    this.#waiters.clear();
    this.#news.tell();
  }

  // --- what counts

  #advance(index: number): void {
    this.#commitIndex = Math.max(this.#commitIndex, index);
    while (this.#appliedIndex < this.#commitIndex) {
      const record = this.#log[this.#appliedIndex]!;
      this.#appliedIndex += 1;
      if (!this.#registers.apply(record)) this.#deps.probes.mark("retry in the log ignored");
      this.#tell(this.#appliedIndex, record);
    }
  }

  #tell(index: number, record: LogRecord): void {
    const waiter = this.#waiters.get(index);
    if (waiter === undefined) return;
    this.#waiters.delete(index);
    const answered = this.#registers.answeredOf(record.session);
    const known = waiter.epoch === record.epoch && answered?.sequence === record.sequence;
    waiter.resolve(known ? this.#reply("done", answered.value) : this.#reply("unsure", ""));
  }

  #remembers(record: LogRecord): boolean {
    return this.#bug !== "lost-dedupe" || this.#taken.has(keyOf(record));
  }

  /** 0 before the log, and -1, which no record has, beyond its end. */
  #epochAt(index: number): number {
    if (index === 0) return 0;
    return this.#log[index - 1]?.epoch ?? -1;
  }

  async #ask(caller: Caller, question: Message): Promise<Message | undefined> {
    try {
      return await caller.ask(question, this.#settings.rpcMs);
    } catch (error) {
      if (isNetworkError(error)) return undefined;
      throw error;
    }
  }

  /** Drawn anew each time, so that two candidates do not stand in each other's way for ever. */
  #patienceMs(): number {
    return this.#settings.leaseMs * (0.1 + this.#deps.random.next());
  }
}

function keyOf(update: { readonly session: string; readonly sequence: number }): string {
  return `${update.session} ${update.sequence}`;
}
