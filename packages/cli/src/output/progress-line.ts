/** A line at the bottom of a terminal that is rewritten in place. It steps aside whenever anything else is printed. */
const { stderr, stdout } = process;

export class ProgressLine {
  readonly visible: boolean = stderr.isTTY === true && process.env.TERM !== "dumb";
  readonly #write = stderr.write.bind(stderr);
  readonly #restore: (() => void)[] = [];
  #shown = false;

  constructor() {
    if (!this.visible) return;
    for (const stream of [stdout, stderr]) this.#stepAside(stream);
  }

  show(text: string): void {
    if (!this.visible) return;
    this.#clear();
    if (text === "") return;
    const columns = stderr.columns ?? 80;
    this.#write(text.length < columns ? text : `${text.slice(0, columns - 2)}…`);
    this.#shown = true;
  }

  stop(): void {
    this.#clear();
    for (const restore of this.#restore.splice(0)) restore();
  }

  #stepAside(stream: NodeJS.WriteStream): void {
    const write = stream.write;
    stream.write = ((...args: Parameters<typeof write>) => {
      this.#clear();
      return write.apply(stream, args);
    }) as typeof write;
    this.#restore.push(() => {
      stream.write = write;
    });
  }

  #clear(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#write("\r\u001b[2K");
  }
}
