/** Files that a client holds open, with the writes that are behind its back. */
import type { FileHandle, FileSystem, OpenFlags } from "@smallpond/fs-core";
import type { OpenOperation } from "../../../checkers/history.ts";
import type { FileHistory, FileOutput } from "../history/file-history.ts";

export interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly flags: OpenFlags;
  /** Names the inode in the history. */
  readonly file: string;
  /** Writes that count once the next `sync` or `close` has resolved. */
  behind: OpenOperation<FileOutput>[];
  /** Writes of which nobody has said yet whether they happened. */
  readonly unsure: Set<OpenOperation<FileOutput>>;
}

const OPEN_MAX = 4;

export class OpenFiles {
  readonly #fs: Pick<FileSystem, "open">;
  readonly #history: Pick<FileHistory, "madeEmpty">;
  readonly #note: (text: string) => void;
  #files: OpenFile[] = [];

  constructor(deps: {
    readonly fs: Pick<FileSystem, "open">;
    readonly history: Pick<FileHistory, "madeEmpty">;
    readonly note: (text: string) => void;
  }) {
    this.#note = deps.note;
    this.#fs = deps.fs;
    this.#history = deps.history;
  }

  get all(): readonly OpenFile[] {
    return this.#files;
  }

  /** One that is open already, or opens it; the oldest is closed where there are too many. */
  async get(path: string, flags: OpenFlags): Promise<OpenFile> {
    const found = this.#files.find((each) => each.path === path && each.flags === flags);
    if (found !== undefined) return found;
    if (this.#files.length >= OPEN_MAX) await this.close(this.#files[0]!);
    const handle = await this.#open(path, flags);
    const file: OpenFile = { path, handle, flags, file: `${handle.inode}`, behind: [], unsure: new Set() };
    this.#files.push(file);
    return file;
  }

  async sync(file: OpenFile): Promise<void> {
    const { behind } = file;
    file.behind = [];
    await file.handle.sync();
    tell(file, behind);
  }

  async close(file: OpenFile): Promise<void> {
    this.#files = this.#files.filter((each) => each !== file);
    const { behind } = file;
    await file.handle.close();
    tell(file, behind);
  }

  /** What became of its writes stays unknown; once the file is closed, they do not happen any more (I8). */
  async drop(file: OpenFile): Promise<void> {
    this.#files = this.#files.filter((each) => each !== file);
    try {
      await file.handle.close();
    } catch (error) {
      return this.#note(`was told ${String(error)} by close`);
    }
    for (const open of file.unsure) open.over();
    file.unsure.clear();
  }

  /** To write: makes it where it is missing. */
  async #open(path: string, flags: OpenFlags): Promise<FileHandle> {
    if (flags !== "r+") return this.#fs.open(path, flags);
    try {
      return await this.#fs.open(path, flags);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOENT") throw error;
      const made = await this.#fs.open(path, "wx+");
      this.#history.madeEmpty(`${made.inode}`);
      return made;
    }
  }
}

function tell(file: OpenFile, written: readonly OpenOperation<FileOutput>[]): void {
  for (const open of written) {
    file.unsure.delete(open);
    open.answered(true);
  }
}
