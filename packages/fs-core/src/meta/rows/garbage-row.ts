/** What the collector has to take away. The key says of which inode, and from when on. */
import { type Codec, struct, u32, union } from "../../wire/codec/index.ts";
import { versioned } from "./inode-row.ts";

export type Garbage =
  /** A file without links: its chunks, and when no session is left all of its rows. Key's `dataVersion` is its own. */
  | { readonly kind: "file" }
  /** Chunks of the key's `dataVersion` alone: the file lives on with other data. */
  | { readonly kind: "data" }
  /** A directory that was detached with all that is in it; its `dataVersion` in the key is 0. */
  | { readonly kind: "tree"; readonly uid: number };

export const garbageRow: Codec<Garbage> = versioned(
  1,
  union({ file: [1, struct({})], data: [2, struct({})], tree: [3, struct({ uid: u32 })] }),
);
