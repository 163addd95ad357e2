/** Up to which truncate version files are truncated here: that one or an older one changes nothing any more. */
import { type FileData, fileText } from "../model/chunk.ts";

export interface TruncatedFile {
  readonly file: FileData;
  readonly truncateVersion: number;
}

export class TruncatedTable {
  readonly #files: Map<string, TruncatedFile> = new Map();

  get size(): number {
    return this.#files.size;
  }

  get(file: FileData): number | undefined {
    return this.#files.get(fileText(file))?.truncateVersion;
  }

  /** The higher version counts. */
  set({ file: { inode, dataVersion }, truncateVersion }: TruncatedFile): void {
    const file = { inode, dataVersion };
    const known = this.get(file);
    if (known !== undefined && known >= truncateVersion) return;
    this.#files.set(fileText(file), { file, truncateVersion });
  }

  forget(file: FileData): void {
    this.#files.delete(fileText(file));
  }

  clear(): void {
    this.#files.clear();
  }

  /** One after another; what changes meanwhile is given or not. */
  entries(): Iterable<TruncatedFile> {
    return this.#files.values();
  }
}
