/** Notices when nothing is heard: a machine that lost power says no goodbye. */
import type { Clock, Timer } from "@smallpond/base";

export interface SilenceWatchDeps {
  readonly clock: Clock;
  /** Changes whenever something is heard. */
  readonly progress: () => number;
  /** Called every `quietMs`, with whether nothing was heard since the last time. */
  readonly onTick: (isQuiet: boolean) => void;
  /** Called once. */
  readonly onSilent: () => void;
}

export interface SilenceWatchSettings {
  readonly quietMs: number;
  readonly silentMs: number;
}

export class SilenceWatch implements Disposable {
  readonly #deps: SilenceWatchDeps;
  readonly #settings: SilenceWatchSettings;
  #progress: number;
  #heardAtMs: number;
  #dueAtMs = 0;
  #timer: Timer | undefined;

  constructor(deps: SilenceWatchDeps, settings: SilenceWatchSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#progress = deps.progress();
    this.#heardAtMs = deps.clock.monotonicMs();
    this.#arm(this.#heardAtMs);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #arm(nowMs: number): void {
    const { quietMs } = this.#settings;
    this.#dueAtMs = nowMs + quietMs;
    this.#timer = this.#deps.clock.timer(quietMs, () => this.#look()).unref();
  }

  #look(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const { quietMs, silentMs } = this.#settings;
    const progress = this.#deps.progress();
    // Who was late here did not listen either: what was said meanwhile is still to be read.
    const wasAway = nowMs - this.#dueAtMs > quietMs;
    const isQuiet = progress === this.#progress;
    if (!isQuiet || wasAway) this.#heardAtMs = nowMs;
    this.#progress = progress;
    if (nowMs - this.#heardAtMs >= silentMs) {
      this.#deps.onSilent();
    } else {
      this.#arm(nowMs);
      this.#deps.onTick(isQuiet);
    }
  }
}
