/** How processes of the file system's world reach each other: by the network, and in some runs by memory as well. */
import { NearTransport, NetTransport } from "@smallpond/fs-core";
import { MemoryNear, type NearRooms } from "@smallpond/fs-core/testing";
import { type BufferPool, JAVASCRIPT_CRC32C, PortableNet } from "@smallpond/fs-native";
import type { Seams } from "../../world/process.ts";

export function transportOf(
  { net, clock, random, probes }: Pick<Seams, "net" | "clock" | "random" | "probes">,
  rooms: NearRooms | undefined,
  pool: BufferPool,
): NearTransport {
  const messages = new NetTransport({ net: new PortableNet(net), crc32c: JAVASCRIPT_CRC32C, probes }, {});
  if (rooms === undefined) return new NearTransport({ messages, clock });
  const near = new MemoryNear({ rooms, clock, probes, random: random.fork("near") });
  return new NearTransport({ messages, clock, near, pool, bytesMin: 1 });
}
