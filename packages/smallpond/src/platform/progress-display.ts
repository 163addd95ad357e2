/** Shows what the sessions of this process do: one line on a terminal, or a line now and then in a file. */
import { ProgressLine } from "./progress-line.ts";

/** Something that may be doing something. */
export interface ProgressSource {
  /** One line of at most that many characters; empty while nothing runs. */
  progressText(width: number): string;
}

/** `line` is rewritten in place, on terminals only; `lines` come every ten seconds of work, anywhere. */
export type ProgressMode = "line" | "lines";

const LINE_EVERY_MS = 200;
const LINES_EVERY_MS = 10_000;
const LINES_WIDTH = 200;

interface Display {
  readonly sources: Set<ProgressSource>;
  stop(): void;
}

// Shared by every copy of this package in the process: two lines on one terminal erase each other.
const DISPLAYS = Symbol.for("smallpond/progress-displays");

/** Returns how to stop. Showing the same source twice shows it once. */
export function showProgress(source: ProgressSource, mode: ProgressMode): () => void {
  const displays = shared();
  let display = displays.get(mode);
  if (display === undefined) {
    display = mode === "line" ? lineDisplay() : linesDisplay();
    displays.set(mode, display);
  }
  const { sources } = display;
  sources.add(source);
  return () => {
    sources.delete(source);
    if (sources.size > 0 || displays.get(mode)?.sources !== sources) return;
    displays.get(mode)?.stop();
    displays.delete(mode);
  };
}

/** Whether a rewritten line can be shown at all. */
export function canShowLine(): boolean {
  return process.stderr.isTTY === true && process.env.TERM !== "dumb";
}

function lineDisplay(): Display {
  const line = new ProgressLine();
  const sources = new Set<ProgressSource>();
  const timer = setInterval(() => line.show(newest(sources, line.width)), LINE_EVERY_MS);
  timer.unref();
  return {
    sources,
    stop: () => {
      clearInterval(timer);
      line.stop();
    },
  };
}

function linesDisplay(): Display {
  const sources = new Set<ProgressSource>();
  const timer = setInterval(() => {
    const text = newest(sources, LINES_WIDTH);
    if (text !== "") process.stderr.write(`${text}\n`);
  }, LINES_EVERY_MS);
  timer.unref();
  return { sources, stop: () => clearInterval(timer) };
}

function newest(sources: ReadonlySet<ProgressSource>, width: number): string {
  const texts = [...sources].map((source) => source.progressText(width));
  return texts.findLast((text) => text !== "") ?? "";
}

function shared(): Map<ProgressMode, Display> {
  const all = globalThis as { [DISPLAYS]?: Map<ProgressMode, Display> };
  all[DISPLAYS] ??= new Map();
  return all[DISPLAYS];
}
