/** Bytes under way, with all nodes and with each: whoever does not fit waits, in order of asking. */
export class ByteWindow {
  readonly #bytesMax: number;
  readonly #nodeBytesMax: number;
  readonly #byNode: Map<string, number> = new Map();
  /** Those that did not fit, told when something has left. */
  readonly #waiting: Set<() => void> = new Set();
  #bytes = 0;

  constructor(settings: { readonly windowBytes: number; readonly nodeWindowBytes: number }) {
    this.#bytesMax = settings.windowBytes;
    this.#nodeBytesMax = settings.nodeWindowBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  of(node: string): number {
    return this.#byNode.get(node) ?? 0;
  }

  /** Whether they fit now; what is larger than all there is fits when nothing else is under way. */
  take(node: string, bytes: number): boolean {
    const there = this.of(node);
    const fits = this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax;
    const fitsNode = there === 0 || there + bytes <= this.#nodeBytesMax;
    if (!fits || !fitsNode) return false;
    this.#bytes += bytes;
    this.#byNode.set(node, there + bytes);
    return true;
  }

  /** Calls back once, when something has left. */
  wait(onRoom: () => void): void {
    this.#waiting.add(onRoom);
  }

  leave(node: string, bytes: number): void {
    this.#bytes -= bytes;
    const there = this.of(node) - bytes;
    if (there > 0) this.#byNode.set(node, there);
    else this.#byNode.delete(node);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const onRoom of waiting) onRoom();
  }
}
