/** An entry of the routing and the routing's version in which it last changed: what a new primary sorts its news by. */
import { type Codec, struct, u64, versioned } from "../../wire/codec/index.ts";

export interface Changed<T> {
  readonly changed: bigint;
  readonly value: T;
}

export function changedRow<T>(codec: Codec<T>): Codec<Changed<T>> {
  return versioned(1, struct({ changed: u64, value: codec }) as Codec<Changed<T>>);
}
