/**
 * Every decoder of the package meets bytes that nobody wrote: random ones, small ones (which get furthest), and damaged
 * good ones. A few hundred milliseconds in all; `POND_FUZZ_SECONDS=60` makes it that many seconds. `POND_FUZZ_SEED`
 * replays.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isPondError, NO_PROBES, SeededRandom, toHex } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { MemoryNet } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { testClients, testServer } from "../../src/testing/rpc.ts";
import { ByteReader, type Codec, decode, encode, struct, text } from "../../src/wire/codec/index.ts";
import { encodeFrame, FRAME_KINDS } from "../../src/wire/frame.ts";
import { method } from "../../src/wire/index.ts";
import { questionHeadCodec } from "../../src/wire/rpc/messages.ts";
import { RawPeer } from "./raw-peer.ts";
import { ADDRESS } from "./rpc/fake-service.ts";

const SECONDS = Number(process.env.POND_FUZZ_SECONDS ?? 0.4);
const SEED = Number(process.env.POND_FUZZ_SEED ?? Date.now() % 2 ** 31);
const CLOCK = new NodeClock();

const SOURCE = join(import.meta.dirname, "../../src");
/** The machine's side and tests' helpers decode nothing that comes from elsewhere. */
const LEFT_OUT = /^(platform|testing|cluster)\//;

interface NamedCodec {
  readonly name: string;
  readonly codec: Codec<unknown>;
}

async function everyCodec(): Promise<readonly NamedCodec[]> {
  const found = new Map<unknown, NamedCodec>();
  const add = (name: string, codec: unknown): void => {
    if (isCodec(codec) && !found.has(codec)) found.set(codec, { name, codec });
  };
  const look = (name: string, value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null) return;
    add(name, value);
    if (isMethod(value)) {
      add(`${value.name} asked`, value.question);
      add(`${value.name} answered`, value.answer);
    } else if (depth > 0 && !isCodec(value)) {
      for (const [part, inner] of Object.entries(value)) look(`${name}.${part}`, inner, depth - 1);
    }
  };
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).toSorted()) {
    if (!file.endsWith(".ts") || LEFT_OUT.test(file)) continue;
    const module = (await import(join(SOURCE, file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) look(`${relative(".", file)} ${name}`, value, 1);
  }
  return [...found.values()];
}

function isCodec(value: unknown): value is Codec<unknown> {
  const { read, write } = value as Partial<Record<"read" | "write", unknown>>;
  return typeof read === "function" && typeof write === "function";
}

function isMethod(value: object): value is { name: string; question: unknown; answer: unknown } {
  return "question" in value && "answer" in value && "repeatable" in value;
}

/** Bytes of which many decode: small numbers are counts that fit, tags that are there, and texts. */
function someBytes(random: SeededRandom): Uint8Array {
  const bytes = random.bytes(random.int(8) === 0 ? 2000 : random.int(60));
  const most = [256, 128, 8, 4, 2][random.int(5)]!;
  return bytes.map((byte) => byte % most);
}

function damaged(good: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = [...good];
  for (let times = 1 + random.int(3); times > 0; times--) {
    const at = random.int(bytes.length + 1);
    const how = random.int(4);
    if (how === 0) bytes.splice(at, random.int(4));
    else if (how === 1) bytes.splice(at, 0, ...random.bytes(random.int(4)));
    else if (how === 2 && at < bytes.length) bytes[at]! ^= 1 << random.int(8);
    else if (at < bytes.length) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.int(5)]!;
  }
  return Uint8Array.from(bytes);
}

/** The bytes of a value that random bytes begin with, if they do. */
function goodBytes(codec: Codec<unknown>, random: SeededRandom): Uint8Array | undefined {
  const bytes = someBytes(random);
  const reader = new ByteReader(bytes);
  try {
    codec.read(reader);
    return bytes.subarray(0, bytes.length - reader.remaining);
  } catch (error) {
    if (isPondError(error, "BAD_MESSAGE")) return undefined;
    throw error;
  }
}

/** Refused, or a value that has bytes of its own and comes back from them. */
function meet({ name, codec }: NamedCodec, bytes: Uint8Array): boolean {
  let value: unknown;
  try {
    value = decode(codec, bytes);
  } catch (error) {
    if (isPondError(error, "BAD_MESSAGE")) return false;
    throw new Error(`${name} (seed ${SEED}) broke on ${toHex(bytes)}`, { cause: error });
  }
  let again: unknown;
  try {
    again = decode(codec, encode(codec, value));
  } catch (cause) {
    throw new Error(`${name} (seed ${SEED}) cannot write what it read from ${toHex(bytes)}`, { cause });
  }
  if (isDeepStrictEqual(again, value)) return true;
  throw new Error(`${name} (seed ${SEED}) does not keep what it read from ${toHex(bytes)}`);
}

describe("every decoder", () => {
  test(
    "refuses hostile bytes as BAD_MESSAGE, or reads a value that it can write",
    async () => {
      const codecs = await everyCodec();
      expect(codecs.length).toBeGreaterThan(20);
      const random = new SeededRandom(SEED);
      const msEach = (SECONDS * 1000) / codecs.length;
      let values = 0;
      for (const named of codecs) {
        const untilMs = CLOCK.monotonicMs() + msEach;
        let good = new Uint8Array(0) as Uint8Array;
        do {
          for (let round = 0; round < 5; round++) {
            good = goodBytes(named.codec, random) ?? good;
            for (const bytes of [good, damaged(good, random), someBytes(random)])
              values += Number(meet(named, bytes));
          }
        } while (CLOCK.monotonicMs() < untilMs);
      }
      // Otherwise only refusals were tested.
      expect(values).toBeGreaterThan(codecs.length);
      if (SECONDS > 1)
        console.info(`${codecs.length} decoders met, ${values} times with a value, seed ${SEED}`);
    },
    60_000 + 2000 * SECONDS,
  );
});

const ECHO = method({
  id: 0xf001,
  name: "test.echo",
  question: struct({ text: text(1000) }),
  answer: struct({ text: text(1000) }),
  access: "member",
  repeatable: true,
});

describe("a service", () => {
  test(
    "lives through damaged conversations of members",
    async () => {
      const net = new MemoryNet();
      const invariants: Error[] = [];
      const deps = { net, clock: CLOCK, random: new SeededRandom(1), probes: NO_PROBES };
      const { server, router } = testServer({ ...deps, onInvariant: (error) => void invariants.push(error) });
      server.handle(ECHO, async (question) => question);
      await server.listen(ADDRESS);
      const clients = testClients(deps);
      const random = new SeededRandom(SEED);
      const untilMs = CLOCK.monotonicMs() + SECONDS * 1000;
      do {
        const peer = await RawPeer.connect(net, ADDRESS);
        await peer.joins();
        void (async () => {
          while ((await peer.next().catch(() => undefined)) !== undefined);
        })();
        for (let id = 1; id < 6; id++) await peer.write(someFrame(random, id)).catch(() => {});
        await peer.close();
        // Timers of the service get their turn.
        await CLOCK.sleep(0);
      } while (CLOCK.monotonicMs() < untilMs);
      expect(await clients.to(ADDRESS).call(ECHO, { text: "alive" })).toEqual({ text: "alive" });
      await clients.close();
      await server.close();
      expect(router.running).toBe(0);
      expect(invariants).toEqual([]);
    },
    60_000 + 2000 * SECONDS,
  );
});

/** A frame that is good, or has a good checksum around a damaged message, or is damaged itself. */
function someFrame(random: SeededRandom, id: number): Uint8Array {
  const head = encode(questionHeadCodec, { method: ECHO.id, remainingMs: 1000, traceId: "00".repeat(16) });
  const message = Uint8Array.of(...head, ...encode(ECHO.question, { text: "hello" }));
  const kind = random.int(3) > 0 ? "question" : FRAME_KINDS[random.int(FRAME_KINDS.length)]!;
  const sent = random.int(2) === 0 ? message : damaged(message, random);
  const frame = encodeFrame(JAVASCRIPT_CRC32C, { kind, id, message: sent, flags: random.int(3) });
  return random.int(4) === 0 ? damaged(frame, random) : frame;
}
