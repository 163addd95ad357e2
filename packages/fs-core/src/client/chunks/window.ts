/**
 * Permits for bytes under way, in all and for each node. Who waits for a node holds up only those behind it that want the
 * same node; who waits for the whole holds up everybody behind it, so that large ones get their turn.
 */
import type { SignalOptions } from "@smallpond/base";
import type { NodeId } from "../../ids.ts";

export interface WindowSettings {
  readonly bytesMax: number;
  readonly bytesPerNodeMax: number;
  readonly waitingMax: number;
}

interface Waiter {
  readonly node: NodeId;
  readonly bytes: number;
  readonly give: () => void;
}

export class Window {
  readonly #settings: WindowSettings;
  readonly #byNode: Map<NodeId, number> = new Map();
  readonly #waiters: Set<Waiter> = new Set();
  #bytes = 0;

  constructor(settings: WindowSettings) {
    this.#settings = settings;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Of one node: what it has under way, for whoever spreads load. */
  bytesOf(node: NodeId): number {
    return this.#byNode.get(node) ?? 0;
  }

  /** How to give the permit back, once; undefined if too many wait. An abort rejects with `signal.reason`. */
  async take(node: NodeId, bytes: number, { signal }: SignalOptions): Promise<(() => void) | undefined> {
    signal?.throwIfAborted();
    const { bytesMax, bytesPerNodeMax, waitingMax } = this.#settings;
    const counted = Math.max(1, Math.min(bytes, bytesMax, bytesPerNodeMax));
    const give = (): void => this.#give(node, counted);
    if (this.#waiters.size === 0 && this.#obstacle(node, counted) === undefined) {
      this.#add(node, counted);
      return give;
    }
    if (this.#waiters.size >= waitingMax) return undefined;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter);
        reject(signal?.reason as Error);
        this.#serve();
      };
      const waiter: Waiter = {
        node,
        bytes: counted,
        give: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#serve();
    });
    return give;
  }

  #serve(): void {
    const held = new Set<NodeId>();
    for (const waiter of this.#waiters) {
      const { node, bytes } = waiter;
      if (held.has(node)) continue;
      const obstacle = this.#obstacle(node, bytes);
      if (obstacle === "whole") return;
      if (obstacle === "node") {
        held.add(node);
        continue;
      }
      this.#waiters.delete(waiter);
      this.#add(node, bytes);
      waiter.give();
    }
  }

  #obstacle(node: NodeId, bytes: number): "node" | "whole" | undefined {
    const { bytesMax, bytesPerNodeMax } = this.#settings;
    if (this.bytesOf(node) + bytes > bytesPerNodeMax) return "node";
    return this.#bytes + bytes > bytesMax ? "whole" : undefined;
  }

  #add(node: NodeId, bytes: number): void {
    this.#bytes += bytes;
    this.#byNode.set(node, this.bytesOf(node) + bytes);
  }

  #give(node: NodeId, bytes: number): void {
    this.#bytes -= bytes;
    const left = this.bytesOf(node) - bytes;
    if (left === 0) this.#byNode.delete(node);
    else this.#byNode.set(node, left);
    this.#serve();
  }
}
