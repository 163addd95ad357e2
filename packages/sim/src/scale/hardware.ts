/** What the modelled machines are made of, as in upstream's published cluster: two 200 Gbit/s cards and sixteen SSDs a node. */
import { Metrics, TrafficShares } from "@smallpond/fs-core";
import type { SimWorld } from "../world/world.ts";
import { Line } from "./line.ts";

export interface Hardware {
  /** One direction of all network cards of a machine together. */
  readonly nicBytesPerMs: number;
  readonly disks: number;
  readonly diskBytesPerMs: number;
  /** Before a disk's first byte. */
  readonly diskMs: number;
  /** One way through the switches. */
  readonly wireMs: number;
}

export const HARDWARE: Hardware = {
  nicBytesPerMs: 50_000_000,
  disks: 16,
  diskBytesPerMs: 3_500_000,
  diskMs: 0.08,
  wireMs: 0.01,
};

export interface ScaleNode {
  readonly shares: TrafficShares;
  readonly nicIn: Line;
  readonly nicOut: Line;
  readonly disks: readonly Line[];
}

export function newNode(world: SimWorld, hardware: Hardware): ScaleNode {
  return {
    shares: new TrafficShares({ metrics: new Metrics() }),
    nicIn: newCard(world, hardware),
    nicOut: newCard(world, hardware),
    disks: Array.from({ length: hardware.disks }, () => {
      return new Line({ world }, { bytesPerMs: hardware.diskBytesPerMs, pieceMs: hardware.diskMs });
    }),
  };
}

export function newCard(world: SimWorld, { nicBytesPerMs }: Hardware): Line {
  return new Line({ world }, { bytesPerMs: nicBytesPerMs, pieceMs: 0.0005 });
}
