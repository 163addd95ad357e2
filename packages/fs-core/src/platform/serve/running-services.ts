/** Services of a cluster that run, in this process or in children of it. */
import type { NodeId } from "../../ids.ts";

export interface RunningService {
  /** As its log is called. */
  readonly name: string;
  readonly node: NodeId;
  readonly pid: number;
}

export interface RunningServices {
  readonly list: readonly RunningService[];
  /** Called when a service was started again. */
  onChange(listener: () => void): void;
  /** Rejects when the cluster must not go on. */
  readonly failure: Promise<never>;
  /** Minds first: replicas that stop together are all complete, and whichever comes back first may serve. */
  close(): Promise<void>;
}
