/**
 * How long whoever asks for an update is kept waiting. The update goes on when that is over, so it must not need the bytes
 * that came with the question by then: the wait is only limited where it does not.
 */
import type { PondError } from "@smallpond/base";
import type { Replica } from "./replica.ts";

export class Patience {
  readonly #replica: Replica;
  readonly #giveUp: (error: PondError) => void;
  #waiting: AbortController | undefined;
  #isOver = false;

  constructor(replica: Replica, giveUp: (error: PondError) => void) {
    this.#replica = replica;
    this.#giveUp = giveUp;
  }

  /** Nobody waits any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Does work for which the bytes are not needed; after a while `late` is what whoever asked is told. */
  async during<T>(work: () => Promise<T>, late: PondError): Promise<T> {
    const { clock } = this.#replica.deps;
    const waiting = new AbortController();
    this.#waiting = waiting;
    const onLate = (): void => {
      this.#isOver = true;
      this.#giveUp(late);
    };
    clock.sleep(this.#replica.settings.patienceMs, { signal: waiting.signal }).then(onLate, () => {});
    try {
      return await work();
    } finally {
      waiting.abort();
    }
  }

  end(): void {
    this.#waiting?.abort();
  }
}
