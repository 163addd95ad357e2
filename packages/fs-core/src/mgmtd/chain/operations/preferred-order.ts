/**
 * The order that operators want: it decides which node is the head of how many chains. A serving replica cannot simply
 * change its place, because each has every update that those behind it have; it leaves, and comes back at the tail.
 */
import type { TargetId } from "../../../ids.ts";
import type { Chain } from "../../model/chain.ts";
import { mgmtdError } from "../../model/errors.ts";

/** Throws `BAD_CHAIN` unless the order names each target once. The chain's version stays: nothing has moved. */
export function setPreferredOrder(chain: Chain, order: readonly TargetId[]): Chain {
  const members = new Set(chain.targets.map(({ target }) => target));
  if (
    order.length !== members.size ||
    new Set(order).size !== order.length ||
    !order.every((t) => members.has(t))
  ) {
    throw mgmtdError("BAD_CHAIN", `${order.join(", ")} is no order of the targets of chain ${chain.id}`, {
      hint: `it has ${[...members].join(", ")}`,
    });
  }
  return { ...chain, preferred: order };
}

/**
 * Whose leaving brings the chain nearer to the preferred order, or nothing if it is reached. Those that stand in order
 * from the first preferred one on stay; the next goes to the tail, so that no replica leaves twice. Throws `CHAIN_BUSY`
 * unless all serve.
 */
export function misplacedTarget(chain: Chain): TargetId | undefined {
  const behind = chain.targets.find(({ state }) => state !== "serving");
  if (behind !== undefined) {
    throw mgmtdError("CHAIN_BUSY", `target ${behind.target} of chain ${chain.id} is ${behind.state}`, {
      hint: "wait until all of its replicas serve",
    });
  }
  let inOrder = 0;
  for (const { target } of chain.targets) {
    if (target === chain.preferred[inOrder]) inOrder += 1;
  }
  return chain.preferred[inOrder];
}
