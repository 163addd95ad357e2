/** A listening socket of the addon. */
import { rmSync } from "node:fs";
import { formatAddress, type NetAddress } from "@smallpond/base";
import type { LeasedConnection, LeasedListener } from "../../net/leased-net.ts";
import type { LeasedNetSettings } from "../../net/settings.ts";
import type { CoreAddon } from "../core-addon.ts";
import { WatchedDescriptor } from "../watched-descriptor.ts";
import { AcceptQueue } from "./accept-queue.ts";
import { SocketConnection } from "./socket-connection.ts";
import { tcpName } from "./socket-name.ts";

export class SocketListener implements LeasedListener {
  readonly address: NetAddress;
  readonly #queue: AcceptQueue<LeasedConnection>;

  /** Takes over a listening socket. */
  constructor(
    addon: CoreAddon,
    fd: number,
    options: { readonly address: NetAddress; readonly settings: LeasedNetSettings },
  ) {
    const { settings } = options;
    const address = boundAddress(addon, fd, options.address);
    const open = (accepted: number): LeasedConnection => {
      const remote = tcpName(addon, accepted, "peer") ?? `a client of ${formatAddress(address)}`;
      return new SocketConnection(addon, new WatchedDescriptor(addon, accepted), { remote, settings });
    };
    this.address = address;
    this.#queue = new AcceptQueue({ addon, open }, fd, settings);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LeasedConnection, void, undefined> {
    try {
      yield* this.#queue;
    } finally {
      await this.close();
    }
  }

  close(): Promise<void> {
    const { address } = this;
    // The name goes first: what is found by it is then always somebody who listens.
    return this.#queue.close(() => address.kind === "unix" && rmSync(address.path, { force: true }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function boundAddress(addon: CoreAddon, fd: number, asked: NetAddress): NetAddress {
  if (asked.kind === "unix") return asked;
  const name = addon.socketName(fd, false);
  return { ...asked, port: Number(name.slice(name.indexOf(" ") + 1)) };
}
