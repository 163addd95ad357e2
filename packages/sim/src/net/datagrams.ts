/**
 * Messages without a connection: each is lost, doubled, delayed and overtaken on its own. `base` has no such seam yet,
 * because nothing that ships sends datagrams; protocols that will (a fabric of one-sided messages) can be tried here.
 */
import { concatBytes } from "@smallpond/base";
import type { Lifetime, OpenHandle } from "../world/lifetime.ts";
import { longTail } from "./fabric.ts";
import type { Host, Switchboard } from "./switchboard.ts";

export interface Datagram {
  /** The machine and port it came from. */
  readonly from: DatagramAddress;
  readonly bytes: Uint8Array;
}

export interface DatagramAddress {
  readonly host: string;
  readonly port: number;
}

/** Datagrams a socket holds for its reader; further ones are dropped, as a kernel does. */
const QUEUED_MAX = 256;

export class SimDatagrams {
  readonly #lifetime: Lifetime;
  readonly #host: Host;
  readonly #board: Switchboard;

  constructor(deps: { readonly lifetime: Lifetime; readonly host: Host; readonly board: Switchboard }) {
    this.#lifetime = deps.lifetime;
    this.#host = deps.host;
    this.#board = deps.board;
  }

  /** A socket at a port of this machine; one that is taken is taken over. */
  bind(port: number): DatagramSocket {
    const socket = new DatagramSocket(
      { lifetime: this.#lifetime, host: this.#host, board: this.#board },
      port,
    );
    if (this.#lifetime.enter(`datagrams.bind ${port}`))
      this.#board.sockets.set(`${this.#host.name}:${port}`, socket);
    return socket;
  }
}

/** Reading yields what arrives; leaving the loop closes the socket. */
export class DatagramSocket implements AsyncIterable<Datagram>, AsyncDisposable {
  readonly #lifetime: Lifetime;
  readonly #host: Host;
  readonly #board: Switchboard;
  readonly #port: number;
  readonly #handle: OpenHandle;
  readonly #queue: Datagram[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(
    deps: { readonly lifetime: Lifetime; readonly host: Host; readonly board: Switchboard },
    port: number,
  ) {
    this.#lifetime = deps.lifetime;
    this.#host = deps.host;
    this.#board = deps.board;
    this.#port = port;
    this.#handle = deps.lifetime.open(`datagrams at ${port}`);
    deps.lifetime.onDeath(() => this.#drop());
  }

  /** Sends and forgets. The bytes are copied. */
  send(to: DatagramAddress, bytes: Uint8Array): void {
    if (this.#closed) return;
    const entry = this.#lifetime.begin(`datagrams.send ${bytes.length} to ${to.host}:${to.port}`);
    if (entry === "dead") return;
    this.#transmit(to, bytes);
    if (entry === "doomed") this.#lifetime.die("crashed after datagrams.send");
  }

  #transmit(to: DatagramAddress, bytes: Uint8Array): void {
    const { fabric, scheduler } = this.#board;
    const route = { from: this.#host.name, to: to.host };
    const datagram = { from: { host: this.#host.name, port: this.#port }, bytes: concatBytes([bytes]) };
    const copies = fabric.random.next() < fabric.link(route).duplicateShare ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (fabric.loses(route)) continue;
      // A second draw of the long tail is what lets later datagrams overtake this one.
      const delayMs =
        fabric.delayMs(route, bytes.length) + fabric.link(route).jitterMs * longTail(fabric.random);
      scheduler.after(delayMs, () => {
        if (fabric.isCut(route) || this.#board.hosts.get(to.host)?.powered !== true) return;
        this.#board.sockets.get(`${to.host}:${to.port}`)?.arrive(datagram);
      });
    }
  }

  arrive(datagram: Datagram): void {
    if (this.#queue.length < QUEUED_MAX) this.#queue.push(datagram);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, undefined> {
    try {
      for (;;) {
        const datagram = this.#queue.shift();
        if (datagram !== undefined) {
          if (!this.#lifetime.enter("datagrams.read")) await new Promise(() => {});
          yield datagram;
        } else if (this.#closed) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = () => this.#lifetime.wake(resolve);
          });
      }
    } finally {
      this.#drop();
    }
  }

  async close(): Promise<void> {
    this.#drop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #drop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
    const key = `${this.#host.name}:${this.#port}`;
    if (this.#board.sockets.get(key) === this) this.#board.sockets.delete(key);
    this.#wake?.();
  }
}
