/** What clients of a storm tell, line by line, and what follows from it for what must be there. */
import { apply, copyOf, type Directory, emptyDirectory, listing, type StormOperation } from "./tree-model.ts";

export type StormLine =
  | { readonly kind: "born"; readonly own: string }
  | { readonly kind: "asked"; readonly own: string; readonly operation: StormOperation }
  | { readonly kind: "answered"; readonly own: string; readonly answer: string };

/** One worker's directory, as it must be after all that was answered. */
export class OwnDirectory {
  readonly #tree: Directory = emptyDirectory();
  #pending: StormOperation | undefined;
  answered = 0;

  asked(operation: StormOperation): void {
    this.#pending = operation;
  }

  /** Whether it is the answer that a file system gives. */
  answer(answer: string): boolean {
    const operation = this.#pending;
    if (operation === undefined) return false;
    this.#pending = undefined;
    this.answered += 1;
    return (apply(this.#tree, operation) === "ok") === (answer === "ok");
  }

  /** How it may look: without what was asked last and not answered, and with it. */
  listings(): readonly (readonly string[])[] {
    const before = listing(this.#tree);
    if (this.#pending === undefined) return [before];
    const after = copyOf(this.#tree);
    apply(after, this.#pending);
    return [before, listing(after)];
  }
}

/** Everything that all clients of a storm told. */
export class StormRecord {
  readonly directories: Map<string, OwnDirectory> = new Map();
  readonly wrong: string[] = [];

  take(line: StormLine): void {
    if (line.kind === "born") {
      this.directories.set(line.own, new OwnDirectory());
      return;
    }
    const directory = this.directories.get(line.own)!;
    if (line.kind === "asked") directory.asked(line.operation);
    else if (!directory.answer(line.answer)) this.wrong.push(JSON.stringify(line));
  }

  get answered(): number {
    return [...this.directories.values()].reduce((sum, { answered }) => sum + answered, 0);
  }
}
