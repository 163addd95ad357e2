/** How much a quota's inodes may come to. What they come to stands in rows of its own, see `quotaBytesKey`. */
import { type Codec, optional, struct, u64, versioned } from "../../wire/codec/index.ts";

export interface QuotaLimits {
  /** Lengths of all files together. */
  readonly bytesMax: bigint | undefined;
  readonly inodesMax: bigint | undefined;
}

export const quotaLimitsCodec: Codec<QuotaLimits> = struct({
  bytesMax: optional(u64),
  inodesMax: optional(u64),
});

export const quotaRow: Codec<QuotaLimits> = versioned(1, quotaLimitsCodec);
