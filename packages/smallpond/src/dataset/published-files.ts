/** What the files of a write are called where people find them. */
import { trimmed } from "./place.ts";
import type { StoredDataset, StoredFile } from "./stored-dataset.ts";

interface Arrangement {
  readonly moves: {
    /** Directories to make first, the outer ones before the inner. */
    readonly folders: readonly string[];
    readonly files: readonly { readonly from: string; readonly to: string }[];
  };
  /** The files when they are in that folder of the target; "" for the target itself. */
  published(folder: string): StoredDataset;
}

/** `part-00002.parquet` for partition 2, `part-00002-1.parquet` for the second file of it in the same folder. */
export function arrange(
  dataset: StoredDataset,
  target: { readonly path: string; readonly extension: string; readonly whole: string },
): Arrangement {
  const { whole, extension } = target;
  const folders = new Set([whole]);
  const files: { from: string; to: string }[] = [];
  const places = dataset.partitions.map((partition, i) => {
    const counts = new Map<string, number>();
    return partition.map((file) => {
      const folder = file.folder ?? "";
      const count = counts.get(folder) ?? 0;
      counts.set(folder, count + 1);
      const name = `part-${String(i).padStart(5, "0")}${count === 0 ? "" : `-${count}`}.${extension}`;
      const inner = folder === "" ? name : `${folder}/${name}`;
      if (folder !== "") folders.add(`${whole}/${folder}`);
      files.push({ from: file.path, to: `${whole}/${inner}` });
      return inner;
    });
  });
  return {
    moves: { folders: [...folders], files },
    published: (folder) => {
      const root = [trimmed(target.path), folder].filter((part) => part !== "").join("/");
      const moved = (file: StoredFile, inner: string): StoredFile => ({ ...file, path: `${root}/${inner}` });
      return {
        columns: dataset.columns,
        partitions: dataset.partitions.map((partition, i) =>
          partition.map((file, k) => moved(file, places[i]![k]!)),
        ),
      };
    },
  };
}
