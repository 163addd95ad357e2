import { SeededRandom } from "@smallpond/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { formatToken, newToken, parseToken, tokenHash } from "../../../src/wire/rpc/token.ts";

const refused = (reason: RegExp) =>
  expect.objectContaining({
    code: "TOKEN_INVALID",
    kind: "invalid",
    message: expect.stringMatching(reason) as string,
  });

describe("tokens", () => {
  test("keep their text", () => {
    const token = { uid: 1000, tokenId: 7n, secret: new Uint8Array(16).fill(0x11) };
    expect(formatToken(token)).toBe("3fs-token-AegDAAAHAAAAAAAAABERERERERERERERERERERHVhDE_");
    expect(parseToken(formatToken(token))).toEqual(token);
  });

  test("come back from their text", () => {
    const tokens = fc.record({
      uid: fc.nat(2 ** 32 - 1),
      tokenId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      secret: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    });
    fc.assert(
      fc.property(tokens, (token) => {
        expect(parseToken(formatToken(token))).toEqual(token);
      }),
    );
  });

  test("with any character changed are refused", () => {
    const text = formatToken(newToken(new SeededRandom(1), { uid: 1, tokenId: 1n }));
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
      expect(() => parseToken(changed)).toThrow(refused(/./));
    }
    expect(() => parseToken(text.slice(0, -4))).toThrow(refused(/checksum/));
  });

  test.each([
    [""],
    ["3fs-token-"],
    ["3fs-token-AAAA"],
    ["hello"],
    ["3fs-token-!!!!"],
    [`3fs-token-${"A".repeat(10_000)}`],
  ])("what is no token is refused: %.20s", (text) => {
    expect(() => parseToken(text)).toThrow(refused(/./));
  });

  test("the refusal does not repeat the token", () => {
    const text = formatToken(newToken(new SeededRandom(1), { uid: 1, tokenId: 1n }));
    try {
      parseToken(`${text.slice(0, -1)}!`);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).not.toContain(text.slice(12, 30));
    }
  });

  test("what a service keeps of a token depends on all of it", () => {
    const crypto = new NodeCrypto();
    const token = newToken(new SeededRandom(1), { uid: 1, tokenId: 1n });
    const hash = tokenHash(crypto, token);
    expect(hash).toHaveLength(32);
    expect(tokenHash(crypto, { ...token, uid: 2 })).not.toEqual(hash);
    expect(tokenHash(crypto, { ...token, tokenId: 2n })).not.toEqual(hash);
    expect(tokenHash(crypto, { ...token, secret: new Uint8Array(16) })).not.toEqual(hash);
  });
});
