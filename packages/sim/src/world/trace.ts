/** What happened, one line an event, for people; and a hash of all of it, to compare two runs of a seed. */

/** Lines kept for the end of a report. */
const PAGE_LINES = 60;

export interface TraceSettings {
  /** Keeps every line instead of the last page. */
  readonly whole?: boolean;
  /** Called with each line as it is written. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export class Trace {
  readonly #settings: TraceSettings;
  #lines: string[] = [];
  #lineCount = 0;
  #low = 0xdeadbeef;
  #high = 0x41c6ce57;

  constructor(settings: TraceSettings = {}) {
    this.#settings = settings;
  }

  get lineCount(): number {
    return this.#lineCount;
  }

  /** 64 bits over every line so far, as hex. Equal runs have equal hashes; it is no protection against forgery. */
  get hash(): string {
    return (this.#high >>> 0).toString(16).padStart(8, "0") + (this.#low >>> 0).toString(16).padStart(8, "0");
  }

  write(atMs: number, who: string, text: string): void {
    const line = `${atMs.toFixed(3).padStart(12)} ${who.padEnd(14)} ${text}`;
    this.#lineCount += 1;
    this.#mix(line);
    this.#lines.push(line);
    if (this.#settings.whole !== true && this.#lines.length >= 4 * PAGE_LINES) {
      this.#lines = this.#lines.slice(-PAGE_LINES);
    }
    this.#settings.onLine?.(line);
  }

  /** The last lines, or all of them if the trace is kept whole. */
  page(): readonly string[] {
    return this.#settings.whole === true ? this.#lines : this.#lines.slice(-PAGE_LINES);
  }

  /** Two multiplicative hashes with different constants, each fed with the other's neighbour word. */
  #mix(line: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let index = 0; index < line.length; index++) {
      const code = line.charCodeAt(index);
      low = Math.imul(low ^ code, 0x9e3779b1);
      high = Math.imul(high ^ code, 0x5f356495);
    }
    this.#low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ (high >>> 13);
    this.#high = Math.imul(high ^ (high >>> 16), 0xc2b2ae35) ^ (low >>> 13);
  }
}
