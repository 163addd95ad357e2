/** Messages that arrived: the buffers they lie in go round from the driver to the reader and back. */
import { assert } from "@smallpond/base";
import type { DriverOperation, FabricDriver } from "./driver.ts";
import type { FabricMessage, FabricPeer } from "./fabric.ts";
import type { FabricSettings } from "./fabric-settings.ts";
import type { MessageArena } from "./message-arena.ts";

interface Arrived {
  readonly buffer: number;
  readonly length: number;
  readonly from: FabricPeer | undefined;
}

export class Inbox {
  readonly #driver: FabricDriver;
  readonly #arena: MessageArena;
  readonly #settings: FabricSettings;
  #arrived: Arrived[] = [];
  #wakeReader: (() => void) | undefined;
  #isRead = false;
  #closed = false;
  #failure: Error | undefined;

  constructor(
    deps: { readonly driver: FabricDriver; readonly arena: MessageArena },
    settings: FabricSettings,
  ) {
    this.#driver = deps.driver;
    this.#arena = deps.arena;
    this.#settings = settings;
  }

  /** Gives all buffers to the driver, which must have been started. */
  open(): void {
    this.#post(Array.from({ length: this.#settings.receiveBuffers }, (_, buffer) => buffer));
  }

  /** A message lies in the buffer; a negative length is one that did not fit. */
  arrived(buffer: number, length: number, from: FabricPeer | undefined): void {
    // Longer than the buffer: the other side was set up differently. The message is lost, the buffer is not.
    if (length < 0) this.#post([buffer]);
    else this.#arrived.push({ buffer, length, from });
  }

  /** Tells the reader, once for all that arrived together. */
  wake(): void {
    if (this.#arrived.length > 0) this.#wakeReader?.();
  }

  async *messages(): AsyncGenerator<readonly FabricMessage[], void, undefined> {
    assert(!this.#isRead, "messages have one reader at a time");
    this.#isRead = true;
    let held: Arrived[] = [];
    try {
      for (;;) {
        held = this.#arrived;
        this.#arrived = [];
        if (held.length > 0) {
          yield held.map(({ from, buffer, length }) => ({
            from,
            bodyView: this.#arena.receivedView(buffer, length),
          }));
          this.#post(held.map(({ buffer }) => buffer));
          held = [];
        } else if (this.#closed) {
          if (this.#failure !== undefined) throw this.#failure;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        }
      }
    } finally {
      this.#isRead = false;
      this.#post(held.map(({ buffer }) => buffer));
    }
  }

  /** Ends the reading, by `failure` if there is one. The driver does not touch the buffers any more. */
  close(failure: Error | undefined): void {
    this.#closed = true;
    this.#failure = failure;
    this.#arrived = [];
    this.#wakeReader?.();
  }

  #post(buffers: readonly number[]): void {
    if (this.#closed || buffers.length === 0) return;
    const { messageBytesMax, depth } = this.#settings;
    const { region } = this.#arena.lease;
    const receives = buffers.map(
      (buffer): DriverOperation => ({
        kind: "receive",
        slot: depth + buffer,
        region,
        offset: this.#arena.receiveOffset(buffer),
        length: messageBytesMax,
        address: 0n,
        key: 0n,
      }),
    );
    const { taken } = this.#driver.post(0, receives);
    // There are never more than the provider said it has room for.
    assert(taken === receives.length, `${receives.length} receives fit, but ${taken} were taken`);
  }
}
