import { setPreferredOrder } from "../chain/operations/preferred-order.ts";
import { knownChain, type Operation } from "./operation.ts";

export const setChainsPreferredOrder: Operation<"setPreferredOrder"> = (state, { chain, order }) => ({
  change: { chains: [setPreferredOrder(knownChain(state, chain), order)] },
  result: undefined,
});
