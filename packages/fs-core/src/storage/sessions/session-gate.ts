/**
 * Lets in who shows a genuine capability for what is asked, of a session that nobody took away. Signatures are checked once
 * and remembered; rights, expiry and revocation each time.
 */
import { PondError } from "@smallpond/base";
import type { SessionId } from "../../ids.ts";
import {
  CAPABILITY_BYTES_MAX,
  type Capability,
  type CapabilityKey,
  type CapabilityUse,
} from "../../service/capability.ts";
import type { SessionGate } from "../chain/chain-deps.ts";
import type { ChunkStore } from "../chunk-store.ts";
import { CapabilityCache } from "./capability-cache.ts";

export interface CapabilityGateDeps {
  readonly key: Pick<CapabilityKey, "open" | "allow">;
}

export interface CapabilityGateSettings {
  /** Genuine capabilities that are remembered, about half a kilobyte each; those unused for long go first. */
  readonly cacheMax: number;
}

export const DEFAULT_GATE_SETTINGS: CapabilityGateSettings = { cacheMax: 32_768 };

export class CapabilityGate implements SessionGate {
  readonly #key: Pick<CapabilityKey, "open" | "allow">;
  readonly #cache: CapabilityCache;
  /** Items of one message show the same bytes one after another. */
  #last: { readonly bytes: Uint8Array; readonly capability: Capability } | undefined;

  constructor(deps: CapabilityGateDeps, settings: CapabilityGateSettings = DEFAULT_GATE_SETTINGS) {
    this.#key = deps.key;
    this.#cache = new CapabilityCache({ entriesMax: settings.cacheMax });
  }

  check(store: Pick<ChunkStore, "isRevoked">, bytes: Uint8Array, use: CapabilityUse): Capability {
    const capability = this.#genuine(bytes);
    this.#key.allow(capability, use);
    if (store.isRevoked(capability.session)) throw sessionRevoked(capability.session);
    return capability;
  }

  #genuine(bytes: Uint8Array): Capability {
    if (bytes.length > CAPABILITY_BYTES_MAX) return this.#key.open(bytes);
    if (this.#last?.bytes === bytes) return this.#last.capability;
    const capability = this.#cache.get(bytes, (genuine) => this.#key.open(genuine));
    this.#last = { bytes, capability };
    return capability;
  }
}

export function sessionRevoked(session: SessionId): PondError<"SESSION_REVOKED"> {
  return new PondError("SESSION_REVOKED", {
    kind: "closed",
    message: `session ${session} was taken away`,
    hint: "open the file again",
  });
}
