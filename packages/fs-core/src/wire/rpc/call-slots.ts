/** Room for calls on a connection, given out in order of asking: what is over waits, and what is over that is refused. */

export interface CallSlotsDeps {
  /** Whether one more call may be under way, besides as many as have been given room and not taken it yet. */
  readonly hasRoom: (given: number) => boolean;
}

export class CallSlots {
  readonly #hasRoom: (given: number) => boolean;
  readonly #waitingMax: number;
  #waiting: ((proceed: boolean) => void)[] = [];
  #given = 0;

  constructor(deps: CallSlotsDeps, settings: { readonly waitingMax: number }) {
    this.#hasRoom = deps.hasRoom;
    this.#waitingMax = settings.waitingMax;
  }

  /** `given`: the caller calls `taken` once it has used the room, or does not need it. */
  async take(signal: AbortSignal): Promise<"given" | "full" | "ended"> {
    if (signal.aborted) return "ended";
    if (this.#waiting.length === 0 && this.#hasRoom(this.#given)) {
      this.#given += 1;
      return "given";
    }
    if (this.#waiting.length >= this.#waitingMax) return "full";
    return (await this.#turn(signal)) ? "given" : "ended";
  }

  taken(): void {
    this.#given -= 1;
  }

  /** There may be room again. */
  wake(): void {
    while (this.#waiting.length > 0 && this.#hasRoom(this.#given)) {
      this.#given += 1;
      this.#waiting.shift()!(true);
    }
  }

  /** There will be no more room. */
  end(): void {
    for (const give of this.#waiting.splice(0)) give(false);
  }

  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const give = (proceed: boolean): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(proceed);
      };
      const onAbort = (): void => {
        const place = this.#waiting.indexOf(give);
        if (place >= 0) this.#waiting.splice(place, 1);
        resolve(false);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(give);
    });
  }
}
