/** One descriptor that this process answers for: closed once, at the latest when its worker ends. */
import { assert } from "@smallpond/base";
import type { ReceivedDescriptor } from "../../shared/descriptor-channel.ts";
import type { CoreAddon, FdHandle } from "../core-addon.ts";

export class OwnedDescriptor implements ReceivedDescriptor {
  readonly #addon: CoreAddon;
  readonly #fd: number;
  #owned: FdHandle | undefined;

  constructor(addon: CoreAddon, fd: number) {
    this.#addon = addon;
    this.#fd = fd;
    this.#owned = addon.fdOwn(fd);
  }

  get fd(): number {
    assert(this.#owned !== undefined, "the descriptor was closed or taken");
    return this.#fd;
  }

  take(): number {
    assert(this.#owned !== undefined, "the descriptor was closed or taken");
    this.#addon.fdDisown(this.#owned);
    this.#owned = undefined;
    return this.#fd;
  }

  close(): void {
    if (this.#owned === undefined) return;
    this.#addon.fdClose(this.#owned);
    this.#owned = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
