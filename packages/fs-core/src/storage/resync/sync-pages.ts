/** The chunks of a replica that is brought up to date, page by page, each beside what this side has in the same range. */
import { keyAfter } from "../index/chunk-index.ts";
import { type ChunkKey, compareKeys, keyText } from "../model/chunk.ts";
import { badRequest } from "../model/errors.ts";
import type { ChunkState } from "../ops/query.ts";
import type { SyncChunk, SyncListAnswer } from "../protocol/sync.ts";

export interface SyncPage {
  readonly own: readonly ChunkState[];
  readonly theirs: readonly SyncChunk[];
}

export interface PageSources {
  /** Of this side, in order. */
  readonly own: (from: ChunkKey | undefined, limit: number) => readonly ChunkState[];
  /** Of the other one. */
  readonly theirs: (
    from: ChunkKey | undefined,
    limit: number,
  ) => Promise<Extract<SyncListAnswer, { readonly kind: "chunks" }>>;
}

/** At most about `limit` chunks of either side in one page. */
export async function* syncPages(
  { own, theirs }: PageSources,
  limit: number,
): AsyncGenerator<SyncPage, void, undefined> {
  let from: ChunkKey | undefined;
  for (let more = true; more; ) {
    const answer = await theirs(from, limit);
    const last = answer.chunks.at(-1)?.key;
    assertInOrder(answer.chunks, from);
    more = answer.more && last !== undefined;
    // Up to the last of theirs; with the last page, all that comes.
    const to = more ? last : undefined;
    const first = from;
    let mine = within(own(first, limit), to);
    // This side may have many more in that range.
    while (mine.length === limit) {
      const end = mine.at(-1)!.key;
      const beside = answer.chunks.filter(({ key }) => isFrom(key, from) && compareKeys(key, end) <= 0);
      yield { own: mine, theirs: beside };
      from = keyAfter(end);
      mine = within(own(from, limit), to);
    }
    yield { own: mine, theirs: answer.chunks.filter(({ key }) => isFrom(key, from)) };
    if (last !== undefined) from = keyAfter(last);
  }
}

function within(states: readonly ChunkState[], to: ChunkKey | undefined): readonly ChunkState[] {
  return to === undefined ? states : states.filter(({ key }) => compareKeys(key, to) <= 0);
}

function isFrom(key: ChunkKey, from: ChunkKey | undefined): boolean {
  return from === undefined || compareKeys(key, from) >= 0;
}

/** What does not get on would never end. */
function assertInOrder(chunks: readonly SyncChunk[], from: ChunkKey | undefined): void {
  let before: ChunkKey | undefined;
  for (const { key } of chunks) {
    const isBehind = before === undefined ? isFrom(key, from) : compareKeys(key, before) > 0;
    if (!isBehind) throw badRequest(`the list of chunks is out of order at ${keyText(key)}`);
    before = key;
  }
}
