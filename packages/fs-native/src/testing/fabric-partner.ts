/**
 * A program at the other end of a fabric, as contracts, stress tests and benchmarks need one: it serves memory, answers
 * messages and says what it sees in its memory. It runs in the same process, in a worker, or in a process of its own, and
 * is spoken to over the fabric alone.
 */
import { assert, getU32, getU64, putU32, putU64 } from "@smallpond/base";
import type { FabricEndpoint, FabricPeer, RemoteRegion } from "../fabric/fabric.ts";
import type { BufferLease } from "../memory/lease.ts";
import type { BufferPool } from "../memory/pool.ts";

export const PARTNER_REGION_BYTES: number = 4 * 2 ** 20;

/** First byte of a message, followed by a number that the answer carries too, then arguments of 4 bytes. */
const OP = { hello: 0, echo: 1, check: 2, fill: 3, flood: 4, flooded: 5, forget: 6 } as const;
const HEADER_BYTES = 5;

/** Byte `index` of what `seed` stands for. */
export function patternByte(seed: number, index: number): number {
  return (Math.imul(seed + 1, 31) + Math.imul(index, 7) + (index >>> 8)) & 0xff;
}

export function fillPattern(bytes: Uint8Array, seed: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = patternByte(seed, i);
}

export function isPattern(bytes: Uint8Array, seed: number): boolean {
  return bytes.every((byte, i) => byte === patternByte(seed, i));
}

/** Serves until the endpoint is closed. An empty message is answered by an empty one. */
export async function runFabricPartner(endpoint: FabricEndpoint, pool: BufferPool): Promise<void> {
  using lease = await pool.take(PARTNER_REGION_BYTES);
  const region = endpoint.register(lease, "read-write");
  try {
    for await (const batch of endpoint.messages()) {
      for (const { from, bodyView } of batch) {
        const request = bodyView.slice();
        // Not awaited: a sender that does not read must not hold up the others.
        answer({ endpoint, lease, region, from }, request).catch(() => {});
      }
    }
  } finally {
    await endpoint.close();
  }
}

interface Served {
  readonly endpoint: FabricEndpoint;
  readonly lease: BufferLease;
  readonly region: RemoteRegion & { close(): void };
  readonly from: FabricPeer | undefined;
}

async function answer({ endpoint, lease, region, from }: Served, request: Uint8Array): Promise<void> {
  if (request.length === 0) {
    assert(from !== undefined, "who sends an empty message said hello before");
    await endpoint.send(from, request);
    return;
  }
  const body = request.subarray(HEADER_BYTES);
  const header = request.slice(0, HEADER_BYTES);
  switch (request[0]) {
    case OP.hello:
      await endpoint.send(endpoint.peer(body), join(header, regionBytes(region)));
      return;
    case OP.echo:
      await endpoint.send(from!, request);
      return;
    case OP.check: {
      const seen = lease.view.subarray(getU32(body, 4), getU32(body, 4) + getU32(body, 8));
      await endpoint.send(from!, join(header, Uint8Array.of(isPattern(seen, getU32(body, 0)) ? 1 : 0)));
      return;
    }
    case OP.fill:
      fillPattern(lease.view.subarray(getU32(body, 4), getU32(body, 4) + getU32(body, 8)), getU32(body, 0));
      await endpoint.send(from!, header);
      return;
    case OP.flood: {
      const message = new Uint8Array(getU32(body, 4));
      message[0] = OP.flooded;
      for (let i = 0; i < getU32(body, 0); i++) {
        putU32(message, 1, i);
        await endpoint.send(from!, message);
      }
      return;
    }
    case OP.forget:
      region.close();
      await endpoint.send(from!, header);
      return;
    default:
      throw new Error(`a partner knows no operation ${request[0]}`);
  }
}

/** The near side of a partner. One of them reads an endpoint's messages. */
export class PartnerClient {
  readonly endpoint: FabricEndpoint;
  readonly #answers = new Map<number, (body: Uint8Array) => void>();
  readonly #empties: (() => void)[] = [];
  /** Numbers of what partners sent on request, in order. */
  readonly flooded: number[] = [];
  #numbers = 0;
  #onFlooded: (() => void) | undefined;

  constructor(endpoint: FabricEndpoint) {
    this.endpoint = endpoint;
  }

  /** Hands answers to those who wait for them, until the endpoint is closed. */
  async run(): Promise<void> {
    for await (const batch of this.endpoint.messages()) {
      for (const { bodyView } of batch) this.#take(bodyView);
    }
  }

  /** Introduces the endpoint; the partner answers nobody that it does not know. */
  async hello(peer: FabricPeer): Promise<RemoteRegion> {
    const body = await this.#ask(peer, OP.hello, this.endpoint.address);
    return { key: getU64(body, 0), base: getU64(body, 8), bytes: getU32(body, 16) };
  }

  async echo(peer: FabricPeer, bytes: Uint8Array): Promise<Uint8Array> {
    return await this.#ask(peer, OP.echo, bytes);
  }

  async empty(peer: FabricPeer): Promise<void> {
    const answered = new Promise<void>((resolve) => this.#empties.push(resolve));
    await this.endpoint.send(peer, new Uint8Array(0));
    await answered;
  }

  /** Whether the partner sees the pattern there. */
  async check(peer: FabricPeer, seed: number, offset: number, length: number): Promise<boolean> {
    return (await this.#ask(peer, OP.check, words(seed, offset, length)))[0] === 1;
  }

  async fill(peer: FabricPeer, seed: number, offset: number, length: number): Promise<void> {
    await this.#ask(peer, OP.fill, words(seed, offset, length));
  }

  /** Has the partner close its region. */
  async forget(peer: FabricPeer): Promise<void> {
    await this.#ask(peer, OP.forget, new Uint8Array(0));
  }

  /** Has the partner send messages; resolves when `count` more have been taken. */
  async flood(peer: FabricPeer, count: number, bytes: number): Promise<void> {
    const wanted = this.flooded.length + count;
    await this.endpoint.send(peer, join(header(OP.flood, 0), words(count, bytes)));
    while (this.flooded.length < wanted) {
      await new Promise<void>((resolve) => {
        this.#onFlooded = resolve;
      });
    }
  }

  async #ask(peer: FabricPeer, op: number, body: Uint8Array): Promise<Uint8Array> {
    const number = this.#numbers++;
    const answered = new Promise<Uint8Array>((resolve) => this.#answers.set(number, resolve));
    try {
      await this.endpoint.send(peer, join(header(op, number), body));
    } catch (error) {
      this.#answers.delete(number);
      throw error;
    }
    return await answered;
  }

  #take(message: Uint8Array): void {
    if (message.length === 0) {
      this.#empties.shift()?.();
      return;
    }
    const number = getU32(message, 1);
    if (message[0] === OP.flooded) {
      this.flooded.push(number);
      this.#onFlooded?.();
      return;
    }
    this.#answers.get(number)?.(message.slice(HEADER_BYTES));
    this.#answers.delete(number);
  }
}

export const MESSAGE_HEADER_BYTES: number = HEADER_BYTES;

function header(op: number, number: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes[0] = op;
  putU32(bytes, 1, number);
  return bytes;
}

function regionBytes({ key, base, bytes }: RemoteRegion): Uint8Array {
  const body = new Uint8Array(20);
  putU64(body, 0, key);
  putU64(body, 8, base);
  putU32(body, 16, bytes);
  return body;
}

function words(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  for (const [i, number] of numbers.entries()) putU32(bytes, i * 4, number);
  return bytes;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
