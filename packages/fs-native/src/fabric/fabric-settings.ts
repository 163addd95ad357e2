/** The bounds of an endpoint. */
import { assert } from "@smallpond/base";

export interface FabricSettings {
  /** Operations with the provider at once, receives aside; further ones wait. */
  readonly depth: number;
  /** Operations that may wait; further ones fail with `EQUEUEFULL`. */
  readonly waitingMax: number;
  /** The largest message. Both ends need the same: a longer one is lost where it arrives. */
  readonly messageBytesMax: number;
  /** Messages that may have arrived and not been taken. */
  readonly receiveBuffers: number;
  /** Messages on their way out at once. */
  readonly sendBuffers: number;
  readonly peersMax: number;
  /** How long to try to reach a peer before operations that wait for it fail with `ETIMEDOUT`. */
  readonly connectMsMax: number;
}

export const DEFAULT_FABRIC_SETTINGS: FabricSettings = {
  depth: 256,
  waitingMax: 65_536,
  messageBytesMax: 4_096,
  receiveBuffers: 256,
  sendBuffers: 64,
  peersMax: 65_536,
  connectMsMax: 5_000,
};

/** Larger ones are cut into pieces by providers, or need a round trip first; bulk goes by `write`. */
const MESSAGE_BYTES_MAX = 16_384;

export function fabricSettings(given: Partial<FabricSettings>): FabricSettings {
  const settings = { ...DEFAULT_FABRIC_SETTINGS, ...given };
  for (const [name, value] of Object.entries(settings)) {
    assert(Number.isSafeInteger(value), `${name} must be a whole number, got ${value}`);
    assert(value >= 1, `${name} must be at least 1, got ${value}`);
  }
  assert(settings.messageBytesMax <= MESSAGE_BYTES_MAX, `messageBytesMax is at most ${MESSAGE_BYTES_MAX}`);
  return settings;
}
