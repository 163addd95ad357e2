/** What a store's batches say of requests: for checkers that watch what metadata services write. */
import { toHex } from "@smallpond/base";
import type { ClientId, RequestId } from "../ids.ts";
import { type RequestRecord, requestRow } from "../meta/rows/request-row.ts";
import type { StoreMutation } from "../metastore/ordered-store.ts";
import { decode } from "../wire/codec/index.ts";
import type { Method } from "../wire/rpc/method.ts";

export interface RequestSeen {
  readonly client: ClientId;
  readonly request: RequestId;
  readonly record: RequestRecord;
}

const PREFIX = "IDEM";
const ID_BYTES = 16;
const KEY_BYTES = PREFIX.length + 4 + 2 * ID_BYTES;

/** The requests whose answers are written by the batch, in the order of their transactions. */
export function requestsIn(batch: readonly StoreMutation[]): readonly RequestSeen[] {
  return batch.flatMap((mutation) => {
    if (mutation.kind !== "set" || mutation.key.length !== KEY_BYTES) return [];
    if (new TextDecoder("latin1").decode(mutation.key.subarray(0, PREFIX.length)) !== PREFIX) return [];
    const at = KEY_BYTES - 2 * ID_BYTES;
    return [
      {
        client: toHex(mutation.key.subarray(at, at + ID_BYTES)) as ClientId,
        request: toHex(mutation.key.subarray(at + ID_BYTES)) as RequestId,
        record: decode(requestRow, mutation.value),
      },
    ];
  });
}

/** The answer that a record of kind `answer` holds. */
export function answerIn<Q, A>(method: Method<Q, A>, bytes: Uint8Array): A {
  return decode(method.answer, bytes);
}
