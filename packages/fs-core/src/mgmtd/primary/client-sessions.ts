/**
 * Clients that are connected. They are in memory: a new primary knows none, and says `unknown` of those it misses until
 * every client has had the time to say something to it.
 */
import type { Clock } from "@smallpond/base";
import type { ClientId } from "../../ids.ts";
import { mgmtdError } from "../model/errors.ts";
import {
  CLIENT_LIMITS,
  type ClientState,
  type SessionInfo,
  type SessionQuestion,
} from "../service/messages.ts";

interface Session {
  readonly about: string;
  readonly uid: number;
  readonly beganMs: number;
  heardMs: number;
}

export interface ClientSessionsSettings {
  readonly sessionMs: number;
  readonly sessionsMax: number;
  readonly startedMs: number;
}

export class ClientSessions {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #settings: ClientSessionsSettings;
  /** In the order in which they were last heard of: those that are gone come first. */
  readonly #sessions: Map<ClientId, Session> = new Map();

  constructor(deps: { readonly clock: Pick<Clock, "monotonicMs"> }, settings: ClientSessionsSettings) {
    this.#clock = deps.clock;
    this.#settings = settings;
  }

  get count(): number {
    return this.#sessions.size;
  }

  extend({ client, about }: SessionQuestion, uid: number): void {
    this.#forgetGone();
    const nowMs = this.#clock.monotonicMs();
    const known = this.#sessions.get(client);
    if (known === undefined && this.#sessions.size >= this.#settings.sessionsMax) {
      throw mgmtdError("TOO_MANY", `there are ${this.#sessions.size} clients already`);
    }
    if (known !== undefined && known.uid !== uid) {
      throw mgmtdError("NOT_ALLOWED", `client ${client} belongs to another user`);
    }
    this.#sessions.delete(client);
    this.#sessions.set(client, { about, uid, beganMs: known?.beganMs ?? nowMs, heardMs: nowMs });
  }

  end(client: ClientId, uid: number): void {
    const known = this.#sessions.get(client);
    if (known === undefined) return;
    if (known.uid !== uid) throw mgmtdError("NOT_ALLOWED", `client ${client} belongs to another user`);
    this.#sessions.delete(client);
  }

  stateOf(client: ClientId): ClientState {
    this.#forgetGone();
    if (this.#sessions.has(client)) return "alive";
    const { startedMs, sessionMs } = this.#settings;
    return this.#clock.monotonicMs() - startedMs > sessionMs ? "gone" : "unknown";
  }

  list(): readonly SessionInfo[] {
    this.#forgetGone();
    const nowMs = this.#clock.monotonicMs();
    return [...this.#sessions]
      .map(([client, { about, uid, beganMs, heardMs }]) => ({
        client,
        about,
        uid,
        ageMs: nowMs - beganMs,
        silentMs: nowMs - heardMs,
      }))
      .sort((a, b) => b.ageMs - a.ageMs)
      .slice(0, CLIENT_LIMITS.listedMax);
  }

  #forgetGone(): void {
    const { sessionMs } = this.#settings;
    const nowMs = this.#clock.monotonicMs();
    for (const [client, { heardMs }] of this.#sessions) {
      if (nowMs - heardMs <= sessionMs) return;
      this.#sessions.delete(client);
    }
  }
}
