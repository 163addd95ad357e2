/** Memory and processor time of a process and everything it started, from /proc. Nothing is known elsewhere. */
import { readdirSync, readFileSync } from "node:fs";

const PAGE_BYTES = 4096;
/** Ticks per second of `/proc/<pid>/stat`, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const RESIDENT_EVERY_MS = 50;
/** Finding new processes reads all of /proc, so it is done less often. */
const PIDS_EVERY_TICKS = 10;

export class ProcessTree {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  #pids: readonly number[];
  #ticks = 0;
  #peakBytes = 0;

  constructor(root: number) {
    this.#root = root;
    this.#pids = [root];
    this.#timer = setInterval(() => this.#look(), RESIDENT_EVERY_MS).unref();
  }

  /** The largest sum of resident memory seen so far; null where it cannot be known. Shared pages count each time. */
  get peakBytes(): number | null {
    return this.#peakBytes === 0 ? null : this.#peakBytes;
  }

  /** Seconds of processor time so far, of those alive. */
  cpuSeconds(): number {
    this.#pids = descendants(this.#root);
    return this.#pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#ticks++ % PIDS_EVERY_TICKS === 0) this.#pids = descendants(this.#root);
    const bytes = this.#pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }
}

function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = Number(statFields(pid)[1] ?? Number.NaN);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]!) ?? []));
  return found;
}

function allPids(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Fields of `/proc/<pid>/stat` from the third, the state, on; the second may hold spaces. */
function statFields(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

/** User and system time, with that of children which have ended. */
function cpuSecondsOf(pid: number): number {
  const ticks = statFields(pid).slice(11, 15).map(Number);
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
