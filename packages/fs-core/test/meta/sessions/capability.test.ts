import { fc, test } from "@fast-check/vitest";
import { ManualClock } from "@smallpond/base/testing";
import { expect, it } from "vitest";
import { type ClientId, inodeId, type SessionId } from "../../../src/ids.ts";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { CAPABILITY_BYTES_MAX, type Capability, CapabilityKey } from "../../../src/service/capability.ts";

const SECRET = new TextEncoder().encode("the secret of a cluster");
const OTHER = new TextEncoder().encode("the secret of another cluster");

const crypto = new NodeCrypto();
const clock = new ManualClock({ wallMs: 1_000_000 });
const key = new CapabilityKey({ crypto, clock }, { secrets: [SECRET], skewMs: 1000 });

const GRANTED: Capability = {
  inode: inodeId(77n),
  dataVersion: 3,
  read: true,
  write: false,
  session: "5".repeat(32) as SessionId,
  client: "c".repeat(32) as ClientId,
  expiresMs: 1_010_000,
};
const USE = { inode: GRANTED.inode, dataVersion: 3, right: "read" } as const;

const refusal = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
  return "granted";
};

it("grants what was signed", () => {
  const bytes = key.sign(GRANTED);
  expect(key.verify(bytes, USE)).toEqual(GRANTED);
  expect(bytes.length).toBeLessThanOrEqual(CAPABILITY_BYTES_MAX);
});

it("keeps its bytes, which storage of another version reads", () => {
  expect(Buffer.from(key.sign(GRANTED)).toString("hex")).toMatchInlineSnapshot(
    `"014d0000000000000003000000010055555555555555555555555555555555ccccccccccccccccccccccccccccccccd0d23ddac5187c753a7418bcde9f66d7c5af8d36196809c85a18d3d35b29c950387cf0"`,
  );
});

it.each([
  ["another inode", { ...USE, inode: inodeId(78n) }],
  ["replaced data", { ...USE, dataVersion: 4 }],
  ["a right that was not given", { ...USE, right: "write" as const }],
])("refuses %s", (_, use) => {
  expect(refusal(() => key.verify(key.sign(GRANTED), use))).toBe("CAPABILITY_WRONG");
});

it("refuses what another cluster signed", () => {
  const foreign = new CapabilityKey({ crypto, clock }, { secrets: [OTHER] });
  expect(refusal(() => key.verify(foreign.sign(GRANTED), USE))).toBe("CAPABILITY_FORGED");
});

it("believes the old secret while the new one signs", () => {
  const renewed = new CapabilityKey({ crypto, clock }, { secrets: [OTHER, SECRET] });
  expect(renewed.verify(key.sign(GRANTED), USE)).toEqual(GRANTED);
  expect(refusal(() => key.verify(renewed.sign(GRANTED), USE))).toBe("CAPABILITY_FORGED");
});

it("refuses one that expired longer ago than clocks are apart", () => {
  const verifier = (wallMs: number): CapabilityKey =>
    new CapabilityKey({ crypto, clock: new ManualClock({ wallMs }) }, { secrets: [SECRET], skewMs: 1000 });
  expect(verifier(1_011_000).verify(key.sign(GRANTED), USE)).toEqual(GRANTED);
  expect(refusal(() => verifier(1_011_001).verify(key.sign(GRANTED), USE))).toBe("CAPABILITY_EXPIRED");
});

test.prop([fc.nat(200), fc.integer({ min: 1, max: 255 })])("refuses any change of a byte", (at, change) => {
  const bytes = key.sign(GRANTED);
  const place = at % bytes.length;
  bytes[place] = bytes[place]! ^ change;
  expect(refusal(() => key.verify(bytes, USE))).toBe("CAPABILITY_FORGED");
});

test.prop([fc.uint8Array({ maxLength: 300 })])("refuses any other bytes", (bytes) => {
  expect(refusal(() => key.verify(bytes, USE))).toBe("CAPABILITY_FORGED");
});
