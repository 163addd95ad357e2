/** What the file system names things by. Numbers are small and dense; 64-bit identities are `bigint`. */
import { assert, type Brand, fromHex, InvariantError, toHex } from "@smallpond/base";
import { type Codec, fixedBytes, mapped, u32, u64 } from "./wire/codec/index.ts";

/** A process that takes part: cluster manager, metadata or storage service. From 1. */
export type NodeId = Brand<number, "NodeId">;
/** A replica group, the unit that chunks are placed on. From 1. */
export type ChainId = Brand<number, "ChainId">;
/** One replica of a chain: a directory or device of a storage node. From 1. */
export type TargetId = Brand<number, "TargetId">;
/** Rises by one whenever a chain's members, order or states change. From 1. */
export type ChainVersion = Brand<number, "ChainVersion">;
/** An ordered list of chains that files are striped over. From 1. */
export type ChainTableId = Brand<number, "ChainTableId">;
/** A file, directory or other inode, never used twice. The root is 1. */
export type InodeId = Brand<bigint, "InodeId">;
/** 16 random bytes in hex: a connected client, from its start to its end. */
export type ClientId = Brand<string, "ClientId">;
/** 16 random bytes in hex: one open file that may be written through. */
export type SessionId = Brand<string, "SessionId">;
/** 16 random bytes in hex: one mutation, the same whenever it is sent again. */
export type RequestId = Brand<string, "RequestId">;

export const ROOT_INODE: InodeId = 1n as InodeId;

function smallId<B extends Brand<number, string>>(name: string): (value: number) => B {
  return (value) => {
    assert(Number.isInteger(value) && value >= 1 && value <= 0xffff_ffff, `not a ${name}: ${value}`);
    return value as B;
  };
}

export const nodeId: (value: number) => NodeId = smallId("node id");
export const chainId: (value: number) => ChainId = smallId("chain id");
export const targetId: (value: number) => TargetId = smallId("target id");
export const chainVersion: (value: number) => ChainVersion = smallId("chain version");
export const chainTableId: (value: number) => ChainTableId = smallId("chain table id");

const INODE_ID_END = 0x8000_0000_0000_0000n;

export function inodeId(value: bigint): InodeId {
  if (value < 1n || value >= INODE_ID_END) throw new InvariantError(`not an inode id: ${value}`);
  return value as InodeId;
}

function smallIdCodec<B extends Brand<number, string>>(name: string): Codec<B> {
  return mapped(
    u32,
    (value) => value,
    (value, reader) => {
      if (value === 0) throw reader.bad(`0 is no ${name}`);
      return value as B;
    },
  );
}

export const nodeIdCodec: Codec<NodeId> = smallIdCodec("node id");
export const chainIdCodec: Codec<ChainId> = smallIdCodec("chain id");
export const targetIdCodec: Codec<TargetId> = smallIdCodec("target id");
export const chainVersionCodec: Codec<ChainVersion> = smallIdCodec("chain version");
export const chainTableIdCodec: Codec<ChainTableId> = smallIdCodec("chain table id");

export const inodeIdCodec: Codec<InodeId> = mapped(
  u64,
  (value) => value,
  (value, reader) => {
    if (value === 0n || value >= INODE_ID_END) throw reader.bad(`${value} is no inode id`);
    return value as InodeId;
  },
);

/** 32 lower-case hex digits as 16 bytes. */
function randomIdCodec<B extends Brand<string, string>>(): Codec<B> {
  return mapped(fixedBytes(16), hexToBytes, (value) => toHex(value) as B);
}

export const clientIdCodec: Codec<ClientId> = randomIdCodec();
export const sessionIdCodec: Codec<SessionId> = randomIdCodec();
export const requestIdCodec: Codec<RequestId> = randomIdCodec();

/** A new identity of 16 random bytes. */
export function newRandomId<B extends ClientId | SessionId | RequestId>(random: {
  bytes(count: number): Uint8Array;
}): B {
  return toHex(random.bytes(16)) as B;
}

function hexToBytes(hex: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(hex)) throw new InvariantError(`not 32 hexadecimal digits: ${hex}`);
  return fromHex(hex);
}
