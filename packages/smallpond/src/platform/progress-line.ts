/** A line at the bottom of a terminal that is rewritten in place. It steps aside whenever anything else is printed. */

/** What is needed of `process.stdout` and `process.stderr`. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write: NodeJS.WriteStream["write"];
}

export class ProgressLine {
  readonly visible: boolean;
  readonly #stderr: TerminalStream;
  readonly #write: (text: string) => void;
  readonly #restore: (() => void)[] = [];
  /** Something was printed that does not end its line: a line of ours would erase it. */
  #midLine = false;
  #shown = false;

  constructor(streams: { readonly stdout: TerminalStream; readonly stderr: TerminalStream } = process) {
    const { stdout, stderr } = streams;
    this.#stderr = stderr;
    this.visible = stderr.isTTY === true && process.env.TERM !== "dumb";
    const write = stderr.write;
    this.#write = (text) => void write.call(stderr, text);
    if (!this.visible) return;
    for (const stream of [stdout, stderr]) if (stream.isTTY === true) this.#stepAside(stream);
  }

  /** Characters there is room for. */
  get width(): number {
    return (this.#stderr.columns ?? 80) - 1;
  }

  show(text: string): void {
    if (!this.visible || this.#midLine) return;
    this.#clear();
    if (text === "") return;
    this.#write(text);
    this.#shown = true;
  }

  stop(): void {
    this.#clear();
    for (const restore of this.#restore.splice(0)) restore();
  }

  #stepAside(stream: TerminalStream): void {
    const write = stream.write;
    const aside = ((...args: Parameters<typeof write>) => {
      this.#clear();
      this.#midLine = !endsLine(args[0]);
      return write.apply(stream as NodeJS.WriteStream, args);
    }) as typeof write;
    stream.write = aside;
    this.#restore.push(() => {
      // Whoever has put something else there since keeps it.
      if (stream.write === aside) stream.write = write;
    });
  }

  #clear(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#write("\r\u001b[2K");
  }
}

function endsLine(printed: string | Uint8Array): boolean {
  return typeof printed === "string" ? printed.endsWith("\n") : printed.at(-1) === 0x0a;
}
