/**
 * How a file's length is learned from those who write it. A client says how far it wrote and since which truncation. What
 * was written before a truncation says nothing about the length after it: then storage is asked. (3FS compares the hint's
 * length with the truncate version here, so it asks too often or, worse, believes too early.)
 */
import { type Codec, optional, struct, u32, u64 } from "../../wire/codec/index.ts";
import type { FileInode } from "../model/inode.ts";

export interface LengthHint {
  /** Where the furthest byte ends that the client wrote and storage acknowledged. */
  readonly length: bigint;
  /** The inode's, as the client knew it before it wrote that byte. */
  readonly truncateVersion: number;
}

/** What a client says when it syncs or closes. */
export interface WriteReport {
  /** Whether anything was written since the last report. */
  readonly wrote: boolean;
  /** Missing: the client does not know. */
  readonly hint: LengthHint | undefined;
}

/** `ask`: storage must be asked, and its answer or `length` counts, whichever is more. */
export type LengthVerdict =
  | { readonly kind: "known"; readonly length: bigint }
  | { readonly kind: "ask"; readonly length: bigint };

export const lengthHintCodec: Codec<LengthHint> = struct({ length: u64, truncateVersion: u32 });
export const optionalHintCodec: Codec<LengthHint | undefined> = optional(lengthHintCodec);

export function judgeLength(
  file: Pick<FileInode, "length" | "truncateVersion">,
  report: WriteReport,
): LengthVerdict {
  const { length } = file;
  if (!report.wrote) return { kind: "known", length };
  const { hint } = report;
  if (hint === undefined || hint.truncateVersion !== file.truncateVersion) return { kind: "ask", length };
  return { kind: "known", length: hint.length > length ? hint.length : length };
}
