/**
 * What `open` gives a client to show to storage: which data it may read or write, as which session, and until when. It
 * is signed with a key that metadata and storage derive from the cluster's secret, so that storage needs to ask nobody.
 * Taking rights away early is not its business: a session is revoked at storage itself (I11).
 */
import { type Clock, PondError } from "@smallpond/base";
import {
  type ClientId,
  clientIdCodec,
  type InodeId,
  inodeIdCodec,
  type SessionId,
  sessionIdCodec,
} from "../ids.ts";
import { bool, type Codec, decode, encode, struct, u32, varint, versioned } from "../wire/codec/index.ts";
import type { Crypto } from "./crypto.ts";

export interface Capability {
  readonly inode: InodeId;
  /** Of the data it is for; after the file's data was replaced it is for nothing that anybody sees. */
  readonly dataVersion: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly session: SessionId;
  readonly client: ClientId;
  /** Wall clock, whole milliseconds. */
  readonly expiresMs: number;
}

/** What a request to storage is about. */
export interface CapabilityUse {
  readonly inode: InodeId;
  readonly dataVersion: number;
  readonly right: "read" | "write";
}

export type CapabilityErrorCode =
  /** `invalid`: not signed with the cluster's key, or damaged. */
  | "CAPABILITY_FORGED"
  /** `closed`. */
  | "CAPABILITY_EXPIRED"
  /** `invalid`: for another file, other data, or without the right. */
  | "CAPABILITY_WRONG";

export interface CapabilityKeyDeps {
  readonly crypto: Crypto;
  readonly clock: Pick<Clock, "wallMs">;
}

export interface CapabilityKeySettings {
  /** The cluster's secrets: the first signs, any is believed, so that a secret can be replaced without a pause. */
  readonly secrets: readonly Uint8Array[];
  /** How far two clocks may be apart. */
  readonly skewMs?: number;
}

const MAC_BYTES = 32;
const SKEW_MS = 60_000;
const PURPOSE = new TextEncoder().encode("pond capability 1");

export class CapabilityKey {
  readonly #deps: CapabilityKeyDeps;
  readonly #keys: readonly Uint8Array[];
  readonly #skewMs: number;

  constructor(deps: CapabilityKeyDeps, settings: CapabilityKeySettings) {
    this.#deps = deps;
    this.#keys = settings.secrets.map((secret) => deps.crypto.hmacSha256(secret, PURPOSE));
    this.#skewMs = settings.skewMs ?? SKEW_MS;
  }

  sign(capability: Capability): Uint8Array {
    const [key] = this.#keys;
    if (key === undefined) throw new TypeError("a cluster has a secret");
    const body = encode(capabilityCodec, capability);
    const signed = new Uint8Array(body.length + MAC_BYTES);
    signed.set(body);
    signed.set(this.#deps.crypto.hmacSha256(key, body), body.length);
    return signed;
  }

  /** What the bytes grant, if they grant that use now; they are borrowed. Throws a {@link CapabilityErrorCode}. */
  verify(bytes: Uint8Array, use: CapabilityUse): Capability {
    const capability = this.open(bytes);
    this.allow(capability, use);
    return capability;
  }

  /** What the bytes say, if this cluster signed them; they are borrowed. Throws `CAPABILITY_FORGED`. */
  open(bytes: Uint8Array): Capability {
    const { crypto } = this.#deps;
    const body = bytes.subarray(0, Math.max(0, bytes.length - MAC_BYTES));
    const mac = bytes.subarray(body.length);
    // Every key is tried, so that the time tells nothing.
    const genuine = this.#keys.filter((key) => crypto.equalSecrets(crypto.hmacSha256(key, body), mac));
    if (genuine.length === 0) {
      throw capabilityError("CAPABILITY_FORGED", "this cluster did not sign it", "open the file again");
    }
    return decode(capabilityCodec, body);
  }

  /** Throws `CAPABILITY_WRONG` or `CAPABILITY_EXPIRED` unless what was opened before grants that use now. */
  allow(capability: Capability, { inode, dataVersion, right }: CapabilityUse): void {
    if (capability.inode !== inode || capability.dataVersion !== dataVersion || !capability[right]) {
      throw capabilityError(
        "CAPABILITY_WRONG",
        `it does not allow to ${right} version ${dataVersion} of inode ${inode}`,
        "open the file again: its data was replaced, or it was opened for something else",
      );
    }
    if (this.#deps.clock.wallMs() > capability.expiresMs + this.#skewMs) {
      throw capabilityError("CAPABILITY_EXPIRED", "it has expired", "sync or open the file for another");
    }
  }
}

/** Bytes of a signed capability, at most. */
export const CAPABILITY_BYTES_MAX = 160;

const capabilityCodec: Codec<Capability> = versioned(
  1,
  struct({
    inode: inodeIdCodec,
    dataVersion: u32,
    read: bool,
    write: bool,
    session: sessionIdCodec,
    client: clientIdCodec,
    expiresMs: varint,
  }),
);

function capabilityError(
  code: CapabilityErrorCode,
  message: string,
  hint: string,
): PondError<CapabilityErrorCode> {
  const kind = code === "CAPABILITY_EXPIRED" ? "closed" : "invalid";
  return new PondError(code, { kind, message: `a capability is refused: ${message}`, hint });
}
