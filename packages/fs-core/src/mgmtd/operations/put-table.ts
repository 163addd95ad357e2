import { TRANSACTION_LIMITS } from "../../metastore/transaction.ts";
import { encode } from "../../wire/codec/index.ts";
import { type ChainTable, chainTableCodec } from "../model/chain-table.ts";
import { mgmtdError } from "../model/errors.ts";
import { latestTable } from "../model/routing.ts";
import { knownChain, type Operation } from "./operation.ts";

/** A version is for ever: files compute their chains from it. Changed content is the next version. */
export const putTable: Operation<"putTable"> = (state, { table: id, chains }) => {
  const sizes = new Set(chains.map((chain) => knownChain(state, chain).targets.length));
  if (sizes.size !== 1) {
    const found = [...sizes].sort((a, b) => a - b).join(" and ");
    throw mgmtdError("BAD_TABLE", `table ${id} would have chains of ${found || "no"} replicas`, {
      hint: "give it at least one chain, all with the same number of replicas",
    });
  }
  if (new Set(chains).size < chains.length)
    throw mgmtdError("BAD_TABLE", `table ${id} would name a chain twice`);
  const latest = latestTable(state, id);
  if (latest?.chains.length === chains.length && latest.chains.every((chain, at) => chain === chains[at])) {
    return { result: latest.version };
  }
  const table: ChainTable = { id, version: (latest?.version ?? 0) + 1, chains };
  // The version of its last change stands before it.
  if (encode(chainTableCodec, table).length + 16 > TRANSACTION_LIMITS.valueBytesMax) {
    throw mgmtdError("BAD_TABLE", `${chains.length} chains do not fit into a row as they are numbered`, {
      hint: "number neighbours in the table one after the other, or make two tables",
    });
  }
  return { change: { tables: [table] }, result: table.version };
};
