/** A cluster of modelled machines whose chains were placed, and whose files are found, by the code that ships. */
import type { Random } from "@smallpond/base";
import {
  chainId,
  chainsOf,
  nodeId,
  type Placement,
  placeChains,
  type ReplicaPlace,
} from "@smallpond/fs-core";
import type { SimWorld } from "../world/world.ts";
import { HARDWARE, type Hardware, newNode, type ScaleNode } from "./hardware.ts";

export interface ClusterSize {
  readonly nodes: number;
  readonly replicas: number;
  readonly chainsPerDisk: number;
}

export class ScaleCluster {
  readonly nodes: readonly ScaleNode[];
  readonly placement: Placement;
  readonly hardware: Hardware;

  constructor(
    deps: { readonly world: SimWorld; readonly random: Random },
    size: ClusterSize,
    hardware: Hardware = HARDWARE,
  ) {
    const { world, random } = deps;
    this.hardware = hardware;
    this.nodes = Array.from({ length: size.nodes }, () => newNode(world, hardware));
    const nodes = this.nodes.map((_, at) => ({
      node: nodeId(at + 1),
      host: `h${at}`,
      disks: hardware.disks,
    }));
    const { replicas, chainsPerDisk } = size;
    this.placement = placeChains({ nodes, replicas, chainsPerDisk }, { random });
  }

  nodeOf({ node }: ReplicaPlace): ScaleNode {
    return this.nodes[node - 1]!;
  }

  /** The replicas of a chunk of a file that was made with that seed. */
  replicasOf(
    file: { readonly seed: number; readonly stripe: number },
    chunk: number,
  ): readonly ReplicaPlace[] {
    const { chains } = this.placement;
    const stripe = Math.min(file.stripe, chains.length);
    const numbers = chainsOf({ seed: file.seed, stripe }, { chains: chains.map((_, at) => chainId(at + 1)) });
    return chains[numbers[chunk % stripe]! - 1]!;
  }
}
