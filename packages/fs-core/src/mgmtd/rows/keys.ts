/** Where the cluster manager's rows stand. Four letters, then numbers big endian. */
import type { ChainId, ChainTableId, NodeId, TargetId } from "../../ids.ts";
import { key, u32Key } from "../../metastore/keys.ts";

/** Who is primary. */
export const leaseKey = (): Uint8Array => key("MGLS");
/** The version of the routing. */
export const routingVersionKey = (): Uint8Array => key("MGRV");
/** A node; the prefix of all of them without an id. So it is with the others. */
export const nodeKey = (id?: NodeId): Uint8Array => key("NODE", id === undefined ? "" : u32Key(id));
export const targetKey = (id?: TargetId): Uint8Array => key("TGIF", id === undefined ? "" : u32Key(id));
export const chainKey = (id?: ChainId): Uint8Array => key("CHIF", id === undefined ? "" : u32Key(id));
/** A version of a chain table. */
export const chainTableKey = (id?: ChainTableId, version?: number): Uint8Array =>
  key("CHIT", id === undefined ? "" : u32Key(id), version === undefined ? "" : u32Key(version));
/** A version of the configuration of a kind of node; the newest sorts first. */
export const configKey = (kind: number, version?: number): Uint8Array =>
  key("CONF", Uint8Array.of(kind), version === undefined ? "" : u32Key(0xffff_ffff - version));
