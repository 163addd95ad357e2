/** Serves a router's methods to whoever connects and proves who it is. */
import {
  type Clock,
  formatAddress,
  type NetAddress,
  News,
  type Probes,
  type Random,
  Tasks,
} from "@smallpond/base";
import type { BufferPool } from "@smallpond/fs-native";
import type { Crypto } from "../../service/crypto.ts";
import type { Logger } from "../../service/log.ts";
import type { Counter, Gauge, Metrics } from "../../service/metrics.ts";
import { encode } from "../codec/index.ts";
import type { Channel, ChannelListener, Transport } from "../transport/transport.ts";
import { type Authenticator, SECRET_BYTES_MIN } from "./authentication.ts";
import { pondErrorCodec, rpcError } from "./errors.ts";
import type { Handler, Method } from "./method.ts";
import type { RpcRouter } from "./router.ts";
import { cancelled } from "./running-call.ts";
import { LAST_WORDS_MS, ServerConnection } from "./server-connection.ts";
import { DEFAULT_RPC_SERVER_SETTINGS, type RpcServerSettings } from "./settings.ts";

export interface RpcServerDeps {
  readonly router: RpcRouter;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  readonly authenticator: Authenticator;
  /** For bulk bytes that come with questions; without one they are refused. */
  readonly pool?: BufferPool;
}

/** Clients beyond the most that are told so; more are only dropped. */
const TURNED_AWAY_MAX = 64;

export class RpcServer implements AsyncDisposable {
  readonly #deps: RpcServerDeps;
  readonly #settings: RpcServerSettings;
  readonly #listeners: Set<ChannelListener> = new Set();
  readonly #connections: Set<ServerConnection> = new Set();
  readonly #tasks: Tasks = new Tasks();
  readonly #callEnded: News = new News();
  readonly #gauge: Gauge;
  readonly #turnedAway: Counter;
  #closing: Promise<void> | undefined;

  constructor(deps: RpcServerDeps, settings: Partial<RpcServerSettings> = {}) {
    const { authenticator, metrics } = deps;
    if (authenticator.kind === "on" && authenticator.secret.length < SECRET_BYTES_MIN) {
      throw rpcError(
        "AUTH_FAILED",
        "invalid",
        `the cluster's secret has less than ${SECRET_BYTES_MIN} bytes`,
      );
    }
    this.#deps = deps;
    this.#settings = { ...DEFAULT_RPC_SERVER_SETTINGS, ...settings };
    this.#gauge = metrics.gauge("pond_rpc_server_connections", "Clients that are connected.");
    this.#turnedAway = metrics.counter(
      "pond_rpc_server_connections_refused_total",
      "Clients that came when there were too many.",
    );
  }

  /** Offers a method; the same as `router.handle`. */
  handle<Q, A>(method: Method<Q, A>, handler: Handler<Q, A>): void {
    this.#deps.router.handle(method, handler);
  }

  /**
   * Takes clients at an address, from now on. Resolves with the address, its port filled in.
   *
   * @throws AUTH_FAILED when authentication is off and others than this machine could connect.
   */
  async listen(address: NetAddress): Promise<NetAddress> {
    const { authenticator, transport, log } = this.#deps;
    if (this.#closing !== undefined) throw rpcError("CLOSING", "closed", "the server is closed");
    const place = formatAddress(address);
    if (authenticator.kind === "off") {
      if (!transport.isLocal(address)) {
        throw rpcError(
          "AUTH_FAILED",
          "invalid",
          `authentication is off, and ${place} can be reached from outside`,
          {
            hint: "give the cluster a secret, or listen on 127.0.0.1 or a unix socket",
          },
        );
      }
      log.warn("authentication is off", { address: place, clusterId: authenticator.clusterId });
    }
    const listener = await transport.listen(address);
    this.#listeners.add(listener);
    this.#tasks.spawn(() => this.#accept(listener));
    log.info("rpc server listens", { address: formatAddress(listener.address) });
    return listener.address;
  }

  /**
   * Takes no more clients and calls, lets running calls end within `graceMs`, aborts the rest, and closes all connections.
   * Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #accept(listener: ChannelListener): Promise<void> {
    try {
      for await (const channel of listener) {
        if (this.#connections.size < this.#settings.connectionsMax)
          this.#tasks.spawn(() => this.#serve(channel));
        else this.#tasks.spawn(() => this.#turnAway(channel));
      }
    } catch (error) {
      const story = error instanceof Error ? error.message : String(error);
      this.#deps.log.error("rpc listener failed", { address: formatAddress(listener.address), error: story });
    }
  }

  async #serve(channel: Channel): Promise<void> {
    const { messageBytesMax } = this.#deps.transport.settings;
    const { pool } = this.#deps;
    const onCallEnd = (): void => this.#callEnded.tell();
    const connection = new ServerConnection(
      { ...this.#deps, pool, channel, onCallEnd },
      { ...this.#settings, messageBytesMax },
    );
    this.#connections.add(connection);
    this.#gauge.add(1);
    if (this.#closing !== undefined) connection.sayGoodbye();
    try {
      await connection.serve();
    } finally {
      this.#connections.delete(connection);
      this.#gauge.add(-1);
    }
  }

  async #turnAway(channel: Channel): Promise<void> {
    this.#turnedAway.add();
    if (this.#tasks.count > this.#settings.connectionsMax + TURNED_AWAY_MAX) return await channel.close();
    const error = rpcError("OVERLOADED", "retry", "there are too many clients");
    channel.post({ kind: "refused", id: 0, message: encode(pondErrorCodec, error) });
    using deadline = this.#deps.clock.deadline(LAST_WORDS_MS);
    await channel.finish(deadline);
  }

  async #close(): Promise<void> {
    const { log } = this.#deps;
    const { graceMs, abortedMsMax } = this.#settings;
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    for (const connection of this.#connections) connection.sayGoodbye();
    await this.#callsEnd(graceMs);
    if (this.#calls > 0) {
      log.warn("rpc server aborts calls", { calls: this.#calls });
      for (const connection of this.#connections) connection.abortCalls(cancelled("the service is ending"));
      await this.#callsEnd(abortedMsMax);
    }
    // Last answers leave, unless somebody does not take them; whoever waits for somebody else is left behind.
    await this.#atMost(abortedMsMax, Promise.all([...this.#connections].map((each) => each.flushed())));
    await Promise.all([...this.#connections].map((connection) => connection.close()));
    await this.#atMost(abortedMsMax, this.#tasks.idle());
  }

  get #calls(): number {
    let calls = 0;
    for (const connection of this.#connections) calls += connection.calls;
    return calls;
  }

  async #callsEnd(withinMs: number): Promise<void> {
    const { clock } = this.#deps;
    const untilMs = clock.monotonicMs() + withinMs;
    for (let nowMs = clock.monotonicMs(); this.#calls > 0 && nowMs < untilMs; nowMs = clock.monotonicMs()) {
      await this.#callEnded.wait(clock, untilMs - nowMs);
    }
  }

  async #atMost(ms: number, end: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#deps.clock.timer(ms, resolve);
      void end.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
