import { isPondError } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { type ClientId, inodeId, type SessionId } from "../../../src/ids.ts";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { type Capability, CapabilityKey } from "../../../src/service/capability.ts";
import { CapabilityGate } from "../../../src/storage/sessions/session-gate.ts";

const GRANTED: Capability = {
  inode: inodeId(77n),
  dataVersion: 3,
  read: true,
  write: false,
  session: "5".repeat(32) as SessionId,
  client: "c".repeat(32) as ClientId,
  expiresMs: 10_000,
};
const USE = { inode: GRANTED.inode, dataVersion: 3, right: "read" } as const;

function newGate(cacheMax = 100) {
  const clock = new ManualClock({ wallMs: 0 });
  const secrets = [new TextEncoder().encode("secret")];
  const key = new CapabilityKey({ crypto: new NodeCrypto(), clock }, { secrets, skewMs: 1000 });
  let opened = 0;
  const gate = new CapabilityGate(
    {
      key: {
        open: (bytes) => {
          opened += 1;
          return key.open(bytes);
        },
        allow: (capability, use) => key.allow(capability, use),
      },
    },
    { cacheMax },
  );
  const revoked = new Set<SessionId>();
  const store = { isRevoked: (session: SessionId) => revoked.has(session) };
  const check = (bytes: Uint8Array, use: Parameters<typeof key.allow>[1] = USE) => {
    try {
      return gate.check(store, bytes, use);
    } catch (error) {
      if (!isPondError(error)) throw error;
      return error.code;
    }
  };
  return { clock, key, check, revoked, opened: () => opened };
}

test("a signature is checked once, everything else each time", async () => {
  const { clock, key, check, revoked, opened } = newGate();
  const bytes = key.sign(GRANTED);
  expect(check(bytes)).toEqual(GRANTED);
  // Other memory with the same bytes.
  expect(check(bytes.slice())).toEqual(GRANTED);
  expect(check(bytes, { ...USE, right: "write" })).toBe("CAPABILITY_WRONG");
  expect(check(bytes, { ...USE, dataVersion: 4 })).toBe("CAPABILITY_WRONG");
  expect(check(bytes, { ...USE, inode: inodeId(78n) })).toBe("CAPABILITY_WRONG");
  revoked.add(GRANTED.session);
  expect(check(bytes)).toBe("SESSION_REVOKED");
  revoked.clear();
  await clock.advance(11_000);
  expect(check(bytes)).toEqual(GRANTED);
  await clock.advance(1);
  expect(check(bytes)).toBe("CAPABILITY_EXPIRED");
  expect(opened()).toBe(1);
});

test("no byte of a remembered capability may change", () => {
  const { key, check } = newGate();
  const bytes = key.sign(GRANTED);
  check(bytes);
  for (let at = 0; at < bytes.length; at++) {
    const forged = bytes.slice();
    forged[at]! ^= 1;
    expect(check(forged), `byte ${at}`).toBe("CAPABILITY_FORGED");
  }
  expect(check(new Uint8Array(0))).toBe("CAPABILITY_FORGED");
  expect(check(new Uint8Array(1000))).toBe("CAPABILITY_FORGED");
  expect(check(bytes)).toEqual(GRANTED);
});

test("so many are remembered, and those in use stay", () => {
  const { key, check, opened } = newGate(8);
  const of = (session: number) =>
    key.sign({ ...GRANTED, session: session.toString(16).padStart(32, "0") as SessionId });
  const used = of(0);
  check(used);
  for (let session = 1; session <= 100; session++) {
    check(of(session));
    if (session % 2 === 0) check(used);
  }
  expect(opened()).toBe(101);
  check(of(1));
  expect(opened()).toBe(102);
});
