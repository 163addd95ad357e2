/** A quota's limits, and how much of them is used. */
import { decode, i64, optional, struct, u32 } from "../../wire/codec/index.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { counterRow } from "../rows/inode-row.ts";
import { quotaBytesKey, quotaInodesKey, quotaKey } from "../rows/keys.ts";
import { type QuotaLimits, quotaLimitsCodec, quotaRow } from "../rows/quota-row.ts";

export interface GetQuotaQuestion extends QuestionHeader {
  readonly quota: number;
}

export interface GetQuotaAnswer {
  readonly limits: QuotaLimits | undefined;
  readonly bytes: bigint;
  readonly inodes: bigint;
}

export const getQuota: Operation<GetQuotaQuestion, GetQuotaAnswer> = query({
  method: metaMethod({
    number: 145,
    name: "getQuota",
    question: struct({ ...questionFields, quota: u32 }),
    answer: struct({ limits: optional(quotaLimitsCodec), bytes: i64, inodes: i64 }),
  }),
  async run({ transaction }, { quota }) {
    const [limits, bytes, inodes] = await transaction.getMany([
      quotaKey(quota),
      quotaBytesKey(quota),
      quotaInodesKey(quota),
    ]);
    return {
      limits: limits && decode(quotaRow, limits),
      bytes: bytes === undefined ? 0n : decode(counterRow, bytes),
      inodes: inodes === undefined ? 0n : decode(counterRow, inodes),
    };
  },
});
