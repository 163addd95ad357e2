/** Sets a quota's limits, or takes them away. Usage above a new limit stays; it only grows no more. */
import { encode, nothing, optional, struct, u32 } from "../../wire/codec/index.ts";
import { refused, requireSuperuser } from "../access/permissions.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { quotaKey } from "../rows/keys.ts";
import { type QuotaLimits, quotaLimitsCodec, quotaRow } from "../rows/quota-row.ts";

export interface SetQuotaQuestion extends MutationHeader {
  /** From 1: quota 0 is nobody's. */
  readonly quota: number;
  readonly limits: QuotaLimits | undefined;
}

export const setQuota: Operation<SetQuotaQuestion, undefined> = mutation({
  method: metaMethod({
    number: 144,
    name: "setQuota",
    question: struct({ ...mutationFields, quota: u32, limits: optional(quotaLimitsCodec) }),
    answer: nothing,
  }),
  async run({ transaction, user }, { quota, limits }) {
    const asked = { operation: "setQuota", subject: `quota ${quota}` };
    requireSuperuser(user, asked);
    if (quota === 0) throw refused("EINVAL", asked, "quota 0 has no limits");
    if (limits === undefined) transaction.clear(quotaKey(quota));
    else transaction.set(quotaKey(quota), encode(quotaRow, limits));
    return undefined;
  },
});
