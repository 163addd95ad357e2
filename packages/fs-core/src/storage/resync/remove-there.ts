/**
 * Removes chunks that only the other replica has. Each is looked at again with its turn, and the turns are kept until the
 * other one has answered: a chunk that is made meanwhile would be removed there right after it was sent.
 */
import type { SignalOptions } from "@smallpond/base";
import type { ReplicaView } from "../chain/chain-deps.ts";
import type { ChunkKey } from "../model/chunk.ts";

/** Chunks whose turns are held at once. */
const TURNS_MAX = 64;

/** In order. How many were removed there. */
export async function removeThere(
  replica: ReplicaView,
  keys: readonly ChunkKey[],
  options: SignalOptions,
): Promise<number> {
  let removed = 0;
  for (const group of groupsOf(keys)) {
    removed += await withTurns(replica, group, options, async () => {
      const gone = group.filter((key) => replica.store.state(key) === undefined);
      const [first] = gone;
      if (first === undefined) return 0;
      const { inode, dataVersion } = first;
      const chunks = gone.map(({ chunk }) => chunk);
      await replica.sendNote({ kind: "remove", file: { inode, dataVersion }, chunks }, options);
      return gone.length;
    });
  }
  return removed;
}

/** Of one file each. */
function* groupsOf(keys: readonly ChunkKey[]): Generator<readonly ChunkKey[]> {
  let group: ChunkKey[] = [];
  for (const key of keys) {
    const [first] = group;
    const isOther =
      first !== undefined && (first.inode !== key.inode || first.dataVersion !== key.dataVersion);
    if (isOther || group.length === TURNS_MAX) {
      yield group;
      group = [];
    }
    group.push(key);
  }
  if (group.length > 0) yield group;
}

/** One turn after the other, in the order of chunks, as everybody takes several. */
function withTurns<T>(
  replica: ReplicaView,
  [first, ...others]: readonly ChunkKey[],
  options: SignalOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (first === undefined) return work();
  return replica.withChunk(first, () => withTurns(replica, others, options, work), options);
}
