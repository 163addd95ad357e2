/** Near memory that counts what was lent, and whose borrowers can be stopped. */
import type { SignalOptions } from "@smallpond/base";
import type { LeasePart } from "@smallpond/fs-native";
import type {
  NearInvitation,
  NearLink,
  NearLoan,
  NearMemory,
  NearPlaceToCome,
  RegionPart,
} from "../../src/wire/transport/near-memory.ts";

export class CountingNear implements NearMemory {
  lent = 0;
  readonly #near: NearMemory;
  #stop: { readonly reach: () => void; readonly over: Promise<void> } | undefined;

  constructor(near: NearMemory) {
    this.#near = near;
  }

  invite(): NearInvitation {
    const { address, word, link, cancel } = this.#near.invite();
    return { address, word, cancel, link: link.then((each) => this.#counted(each)) };
  }

  async accept(place: NearPlaceToCome): Promise<NearLink | undefined> {
    return this.#counted(await this.#near.accept(place));
  }

  /** The next one who takes something is stopped before he does, until `go`. */
  stop(): { readonly reached: Promise<void>; readonly go: () => void } {
    let go = (): void => {};
    let reach = (): void => {};
    const over = new Promise<void>((resolve) => {
      go = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    this.#stop = { reach, over };
    return { reached, go };
  }

  #counted(link: NearLink | undefined): NearLink | undefined {
    if (link === undefined) return undefined;
    return {
      mayLend: link.mayLend,
      lend: (parts: readonly RegionPart[]) => {
        const loan = link.lend(parts);
        if (loan !== undefined) this.lent += 1;
        return loan;
      },
      end: (loan: NearLoan) => link.end(loan),
      take: async (loan: NearLoan, into: Required<LeasePart>, options?: SignalOptions) => {
        const stop = this.#stop;
        this.#stop = undefined;
        stop?.reach();
        await stop?.over;
        await link.take(loan, into, options);
      },
      close: () => link.close(),
    };
  }
}
