/** A listening address of a simulated machine. */
import { type Connection, DEFAULT_NET_SETTINGS, type Listener, type NetAddress } from "@smallpond/base";
import type { Lifetime, OpenHandle } from "../world/lifetime.ts";
import type { SimConnection } from "./sim-connection.ts";

export class SimListener implements Listener {
  readonly address: NetAddress;
  readonly lifetime: Lifetime;
  readonly #forget: () => void;
  readonly #handle: OpenHandle;
  #waiting: SimConnection[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(deps: { readonly lifetime: Lifetime; readonly forget: () => void }, address: NetAddress) {
    this.address = address;
    this.lifetime = deps.lifetime;
    this.#forget = deps.forget;
    this.#handle = deps.lifetime.open("a listener");
    deps.lifetime.onDeath(() => this.#drop());
  }

  /** A connection was made; the program takes it when it gets to it. */
  accept(connection: SimConnection): void {
    if (this.#waiting.length >= DEFAULT_NET_SETTINGS.acceptQueueMax) connection.drop();
    else this.#waiting.push(connection);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, undefined> {
    try {
      for (;;) {
        const connection = this.#waiting.shift();
        if (connection !== undefined) {
          if (!this.lifetime.enter("net.accept")) await new Promise(() => {});
          yield connection;
        } else if (this.#closed) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = () => this.lifetime.wake(resolve);
          });
      }
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    if (this.#closed || !this.lifetime.enter("net.close listener")) return;
    this.#drop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #drop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    this.#handle.close();
    for (const connection of this.#waiting.splice(0)) connection.drop();
    this.#wake?.();
  }
}
