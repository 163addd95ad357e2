/** What the clients of a run know of the file system's numbers: told to each other out of band, so never before they were answered. */

/** Small, so that operations meet. */
const KNOWN_MAX = 10;

export class KnownInodes {
  readonly root: bigint;
  #directories: readonly bigint[];
  #others: readonly bigint[] = [];

  constructor(root: bigint) {
    this.root = root;
    this.#directories = [root];
  }

  /** The root and those that were learned last, some of them gone. */
  get directories(): readonly bigint[] {
    return this.#directories;
  }

  get others(): readonly bigint[] {
    return this.#others;
  }

  learn(id: bigint, kind: "directory" | "other"): void {
    if (this.#directories.includes(id) || this.#others.includes(id)) return;
    if (kind === "directory") this.#directories = [this.root, ...latest([...this.#directories.slice(1), id])];
    else this.#others = latest([...this.#others, id]);
  }
}

function latest(ids: readonly bigint[]): readonly bigint[] {
  return ids.slice(-KNOWN_MAX);
}
