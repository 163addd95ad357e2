/** Who was granted which lock, and who may have lost it. */

import { History, type OpenOperation } from "../../checkers/history.ts";
import { assertLinearizable } from "../../checkers/linearizability.ts";
import { LOCKS, type LockInput, type LockOutput } from "../../checkers/locks.ts";

/** One life of a client, as far as its locks go. */
export interface LockLife {
  /** It was told that it had been given up: it may have lost its locks at any time before. */
  givenUp(): void;
  /** Its process is dead: from now on it may lose them. */
  died(): void;
}

export class LocksLog {
  readonly history: History<LockInput, LockOutput>;
  /** Losses that have not happened, as far as is known. */
  readonly #unlikely: Set<OpenOperation<LockOutput>> = new Set();

  constructor(deps: { readonly nowMs: () => number }) {
    this.history = new History(deps);
  }

  begin(client: string, files: readonly string[]): LockLife {
    const losses = files.map((file) => this.history.call(client, { kind: "gone", file, client }));
    for (const loss of losses) this.#unlikely.add(loss);
    return {
      givenUp: () => {
        for (const loss of losses) this.#unlikely.delete(loss);
      },
      died: () => {
        for (const loss of losses) {
          // What it saw as given up stands from its beginning; else it kept its locks until now.
          if (!this.#unlikely.delete(loss)) continue;
          loss.refused();
        }
        for (const file of files) this.history.call(client, { kind: "gone", file, client });
      },
    };
  }

  /** Throws unless locks were exclusive throughout. */
  check(): void {
    for (const loss of this.#unlikely) loss.refused();
    this.#unlikely.clear();
    assertLinearizable(LOCKS, this.history.operations());
  }
}
