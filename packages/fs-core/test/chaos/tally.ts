/** What is counted while a chaos test runs, and what it complains about. */
import { isPondError } from "@smallpond/base";

/** How often such an operation was done, and for how long at most. */
interface Kind {
  count: number;
  msMax: number;
  failed: number;
}

const COMPLAINTS_MAX = 50;

export class Tally {
  readonly complaints: string[] = [];
  readonly blows: Map<string, number> = new Map();
  readonly errors: Map<string, number> = new Map();
  readonly #kinds: Map<string, Kind> = new Map();
  readonly #limitMs: number;
  readonly #startMs: number = performance.now();
  bytesWritten = 0;
  bytesRead = 0;

  /** An operation that takes longer is complained about. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  complain(text: string): void {
    if (this.complaints.length < COMPLAINTS_MAX) this.complaints.push(`${this.#at()}: ${text}`);
  }

  blow(kind: string): void {
    this.blows.set(kind, (this.blows.get(kind) ?? 0) + 1);
  }

  get operations(): number {
    return [...this.#kinds.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** Measures an operation, and passes on what becomes of it. */
  async time<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    const kind = this.#kinds.get(name) ?? { count: 0, msMax: 0, failed: 0 };
    this.#kinds.set(name, kind);
    const hung = setTimeout(() => this.complain(`${name} goes on for ${this.#limitMs} ms`), this.#limitMs);
    try {
      const result = await work();
      kind.count += 1;
      return result;
    } catch (error) {
      kind.failed += 1;
      throw error;
    } finally {
      clearTimeout(hung);
      kind.msMax = Math.max(kind.msMax, performance.now() - startMs);
    }
  }

  /** Of an operation that failed: that nobody answered in time is no fault, as long as it is said so. */
  failed(name: string, error: unknown): void {
    const isExpected =
      isPondError(error) && ["retry", "unavailable", "unknown-outcome", "conflict"].includes(error.kind);
    const code = isPondError(error) ? `${error.code} (${error.kind})` : String(error);
    this.errors.set(`${name}: ${code}`, (this.errors.get(`${name}: ${code}`) ?? 0) + 1);
    if (!isExpected) this.complain(`${name} failed: ${error instanceof Error ? error.stack : String(error)}`);
  }

  text(): string {
    const list = (map: ReadonlyMap<string, number>): string =>
      [...map].map(([what, count]) => `${count} ${what}`).join(", ") || "none";
    const kinds = [...this.#kinds].map(
      ([name, { count, msMax, failed }]) =>
        `  ${name}: ${count}${failed === 0 ? "" : `, ${failed} failed`}, ${Math.round(msMax)} ms at most`,
    );
    return [
      `${this.operations} operations in ${this.#at()}: ` +
        `${mib(this.bytesWritten)} written, ${mib(this.bytesRead)} read and compared`,
      ...kinds,
      `  blows: ${list(this.blows)}`,
      `  failures that were told: ${list(this.errors)}`,
    ].join("\n");
  }

  #at(): string {
    return `${((performance.now() - this.#startMs) / 1000).toFixed(1)} s`;
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
