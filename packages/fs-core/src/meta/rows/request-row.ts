/** What a request was answered, so that its copies get the same: the answer's bytes, or the error. */
import { bytes, type Codec, struct, text, union, versioned } from "../../wire/codec/index.ts";

export type RequestRecord =
  /** As the method's answer codec writes it. */
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | {
      readonly kind: "error";
      readonly code: string;
      readonly operation: string;
      readonly subject: string;
      readonly message: string;
    };

/** Answers of mutations are inodes at most: a symlink's has a path in it. */
const ANSWER_BYTES_MAX = 16 * 1024;

export const requestRow: Codec<RequestRecord> = versioned(
  1,
  union({
    answer: [1, struct({ bytes: bytes(ANSWER_BYTES_MAX) })],
    error: [2, struct({ code: text(32), operation: text(64), subject: text(1024), message: text(2048) })],
  }),
);
