import { toHex } from "@smallpond/base";
import { describe, expect, test } from "vitest";
import type { NodeId } from "../../../src/ids.ts";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { type Codec, decode, encode } from "../../../src/wire/codec/index.ts";
import { proveMembership } from "../../../src/wire/rpc/authentication.ts";
import {
  challengeCodec,
  helloCodec,
  proofCodec,
  questionHeadCodec,
  welcomeCodec,
} from "../../../src/wire/rpc/messages.ts";
import { fabricHelloCodec, fabricNoteCodec } from "../../../src/wire/transport/fabric-messages.ts";
import { nearLoanCodec, nearWordCodec } from "../../../src/wire/transport/near-messages.ts";
import { noted, splitNote } from "../../../src/wire/transport/noted-frame.ts";

const NONCE = new Uint8Array(32).fill(0xaa);
const AA = "aa".repeat(32);
const USER = { uid: 1, gid: 2, groups: [3], admin: true };

/** Other versions of the program are at the other end: these bytes never change. */
const GOLDEN: readonly (readonly [string, Codec<never>, unknown, string])[] = [
  [
    "a hello of anyone",
    helloCodec,
    { cluster: undefined, nonce: NONCE, claim: { kind: "anyone" } },
    `00${AA}01`,
  ],
  [
    "a hello of a member",
    helloCodec,
    { cluster: "c", nonce: NONCE, claim: { kind: "member", node: 7 } },
    `010163${AA}020107000000`,
  ],
  ["a hello of a user", helloCodec, { cluster: "c", nonce: NONCE, claim: { kind: "user" } }, `010163${AA}03`],
  [
    "a hello that claims",
    helloCodec,
    { cluster: undefined, nonce: NONCE, claim: { kind: "claim", principal: { kind: "user", user: USER } } },
    `00${AA}040201000000020000000103000000` + "01",
  ],
  ["a challenge", challengeCodec, { cluster: "c", nonce: NONCE, proof: NONCE }, `0163${AA}01${AA}`],
  ["no proof", proofCodec, { kind: "none" }, "01"],
  ["a member's proof", proofCodec, { kind: "member", proof: NONCE }, `02${AA}`],
  ["a token", proofCodec, { kind: "token", token: "t" }, "030174"],
  ["a welcome", welcomeCodec, { callsMax: 512 }, "00020000"],
  [
    "the head of a question",
    questionHeadCodec,
    { method: 0x301, remainingMs: 300, traceId: "0123456789abcdef".repeat(2) },
    "01030000ac02" + "0123456789abcdef".repeat(2),
  ],
  ["a fabric's hello", fabricHelloCodec, { provider: "p", address: Uint8Array.of(1, 2) }, "0170020102"],
  [
    "a fabric's note",
    fabricNoteCodec,
    { bulkBytes: 5, sources: [{ key: 1n, base: 2n, bytes: 5 }], into: undefined },
    "05000000010100000000000000020000000000000005000000" + "00",
  ],
  ["a client that asks for near memory", nearWordCodec, { kind: "ask" }, "01"],
  [
    "where near memory is shown",
    nearWordCodec,
    { kind: "come", address: "@p", word: Uint8Array.of(1, 2) },
    "02" + "024070" + "020102",
  ],
  [
    "what is lent",
    nearLoanCodec,
    { number: 1, round: 2, parts: [{ region: 3, offset: 300, bytes: 5 }] },
    "0100000002000000" + "0103ac0205",
  ],
] as never;

describe("messages of connections", () => {
  test.each(GOLDEN)("%s keeps its bytes", (_, codec, value, hex) => {
    expect(toHex(encode(codec, value as never))).toBe(hex);
    expect(decode(codec, Uint8Array.from(Buffer.from(hex, "hex")))).toEqual(value);
  });

  test("a proof of membership keeps its bytes, and everything it is about is in it", () => {
    const crypto = new NodeCrypto();
    const secret = new Uint8Array(16).fill(1);
    const subject = {
      role: "client",
      clusterId: "c",
      node: 7 as NodeId,
      clientNonce: NONCE,
      serviceNonce: new Uint8Array(32).fill(0xbb),
    } as const;
    const proof = toHex(proveMembership(crypto, secret, subject));
    expect(proof).toBe("8f798445c3c7fefc9c0a1a3dd4743ff2848fd9e8bb4c243f3abce9253f5acd7a");
    const others = [
      { ...subject, role: "service" },
      { ...subject, clusterId: "d" },
      { ...subject, node: undefined },
      { ...subject, clientNonce: subject.serviceNonce },
      { ...subject, serviceNonce: NONCE },
    ] as const;
    for (const other of others) expect(toHex(proveMembership(crypto, secret, other))).not.toBe(proof);
    expect(toHex(proveMembership(crypto, new Uint8Array(16).fill(2), subject))).not.toBe(proof);
  });

  test("a fabric's note stands before its message", () => {
    const note = { bulkBytes: 5, sources: [], into: { key: 1n, base: 2n, bytes: 9 } };
    const frame = { kind: "question", id: 1, message: Uint8Array.of(1, 2, 3) } as const;
    const { message: whole } = noted(frame, fabricNoteCodec, note);
    expect(splitNote(fabricNoteCodec, whole)).toEqual({ note, messageView: Uint8Array.of(1, 2, 3) });
    for (let length = 0; length < whole.length - 3; length++) {
      expect(() => splitNote(fabricNoteCodec, whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: "BAD_MESSAGE" }),
      );
    }
  });
});
