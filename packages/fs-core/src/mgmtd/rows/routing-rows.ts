/** The rows of nodes, targets, chains and chain tables. */
import type { Codec } from "../../wire/codec/index.ts";
import { u64, versioned } from "../../wire/codec/index.ts";
import { type Chain, chainCodec } from "../model/chain.ts";
import { type ChainTable, chainTableCodec } from "../model/chain-table.ts";
import { type NodeInfo, nodeInfoCodec } from "../model/node.ts";
import { type TargetInfo, targetInfoCodec } from "../model/target.ts";
import { type Changed, changedRow } from "./changed-row.ts";

export const nodeRow: Codec<Changed<NodeInfo>> = changedRow(nodeInfoCodec);
export const targetRow: Codec<Changed<TargetInfo>> = changedRow(targetInfoCodec);
export const chainRow: Codec<Changed<Chain>> = changedRow(chainCodec);
export const chainTableRow: Codec<Changed<ChainTable>> = changedRow(chainTableCodec);
export const routingVersionRow: Codec<bigint> = versioned(1, u64);
