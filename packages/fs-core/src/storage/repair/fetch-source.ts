/**
 * Gives a chunk to another replica of the chain whose own is damaged: what is committed here, checked page by page as it is
 * read. An update on its way does not matter: whoever asks compares version and checksum with its own. Bytes are read into
 * leased memory and sent from there.
 */
import type { CallContext } from "../../wire/rpc/method.ts";
import type { FetchSource, ReplicaView } from "../chain/chain-deps.ts";
import { refusedBy } from "../chain/refusals.ts";
import { storeBusy } from "../model/errors.ts";
import type { FetchAnswer, FetchQuestion } from "../protocol/sync.ts";

const TRIES = 3;

export class StoreFetchSource implements FetchSource {
  async fetch(
    { store }: Pick<ReplicaView, "store">,
    { key }: FetchQuestion,
    context: Pick<CallContext, "sendBack">,
  ): Promise<FetchAnswer> {
    try {
      for (let tries = 0; tries < TRIES; tries++) {
        const committed = store.state(key)?.committed;
        const read = committed && (await store.read(key, { offset: 0, length: committed.length }));
        if (committed === undefined || read === undefined) return { kind: "none" };
        const isSame = read.version === committed.version;
        if (isSame && committed.length > 0) {
          context.sendBack({ pieces: [read.view], release: () => read.release() });
        } else read.release();
        if (isSame) return { kind: "chunk", ...committed };
        // Another version was committed between the two.
      }
      throw storeBusy("the chunk changes all the time");
    } catch (error) {
      return refusedBy(error);
    }
  }
}
