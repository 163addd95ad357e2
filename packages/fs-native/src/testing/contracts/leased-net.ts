/**
 * What every `LeasedNet` promises beyond `netContract` of `@smallpond/base`, which it passes as well: payloads go into
 * leases and out of them, message borders are the reader's to keep, and what breaks in the middle is told by name.
 */
import type { NetAddress } from "@smallpond/base";
import { type ContractCase, expectCode, expectEqual, expectThat, rejectionOf } from "@smallpond/base/testing";
import type { BufferLease } from "../../memory/lease.ts";
import type { BufferPool } from "../../memory/pool.ts";
import type { LeasedConnection, LeasedNet } from "../../net/leased-net.ts";

export interface LeasedNetUnderTest extends AsyncDisposable {
  readonly net: LeasedNet;
  /** An address nobody listens on. The same one on every call. */
  readonly address: NetAddress;
  readonly pool: BufferPool;
}

interface Ends {
  readonly client: LeasedConnection;
  readonly server: LeasedConnection;
  readonly pool: BufferPool;
}

type EndsCase = (ends: Ends) => Promise<void>;

export function leasedNetContract(setup: () => Promise<LeasedNetUnderTest>): readonly ContractCase[] {
  return Object.entries(CASES).map(([name, body]) => ({
    name,
    run: async () => {
      await using subject = await setup();
      await using listener = await subject.net.listen(subject.address);
      await using client = await subject.net.connect(listener.address);
      // `next` alone, not a loop: leaving a loop would close the listener.
      const next = await listener[Symbol.asyncIterator]().next();
      if (next.done) throw new Error("the listener closed");
      await using server = next.value;
      await body({ client, server, pool: subject.pool });
      expectEqual(subject.pool.leases, 0, "leases left");
    },
  }));
}

const MIB = 2 ** 20;

const CASES: Readonly<Record<string, EndsCase>> = {
  "messages of a header and a leased payload arrive as they were sent": async ({ client, server, pool }) => {
    const sizes = [0, 1, 63, 4_096, 16_384, 70_000, 1, 3 * MIB, 0, 5];
    const sending = (async () => {
      for (const size of sizes) {
        using lease = await pool.take(Math.max(size, 1));
        fillPattern(lease.view, size);
        await client.writeFrom([header(size), { lease, length: size }]);
      }
      await client.end();
    })();
    const received: number[] = [];
    while (await server.fill(HEADER_BYTES)) {
      const size = sizeOf(server.receivedView);
      server.consume(HEADER_BYTES);
      using lease = await pool.take(Math.max(size, 1));
      await server.readInto({ lease, length: size });
      expectPattern(lease.view.subarray(0, size), size);
      received.push(size);
    }
    await sending;
    expectEqual(received, sizes, "the sizes of messages");
  },

  "what arrives together is there together": async ({ client, server }) => {
    await client.writeFrom([header(1), header(2), header(3)]);
    expectThat(await server.fill(3 * HEADER_BYTES), "three headers fit");
    const seen: number[] = [];
    while (server.receivedView.length >= HEADER_BYTES) {
      seen.push(sizeOf(server.receivedView));
      server.consume(HEADER_BYTES);
    }
    expectEqual(seen, [1, 2, 3], "headers");
  },

  "a lease is filled from its offset, and nothing beside it": async ({ client, server, pool }) => {
    using lease = await pool.take(64);
    lease.view.fill(7);
    await client.write(Uint8Array.of(1, 2, 3, 4));
    await server.readInto({ lease, offset: 10, length: 4 });
    expectEqual(lease.view.subarray(8, 16), Uint8Array.of(7, 7, 1, 2, 3, 4, 7, 7), "the lease");
  },

  "writes of all kinds keep their order, and their pieces together": async ({ client, server, pool }) => {
    using lease = await pool.take(1_000);
    lease.view.fill(2);
    const writes = Array.from({ length: 200 }, (_, i) =>
      i % 2 === 0
        ? client.writeFrom([Uint8Array.of(1), lease, new Uint8Array(0), Uint8Array.of(3)])
        : client.write(Uint8Array.of(4)),
    );
    const reading = readAll(server);
    await Promise.all(writes);
    await client.end();
    const bytes = await reading;
    expectEqual(bytes.length, 100 * 1_003, "bytes");
    for (let at = 0; at < bytes.length; at += 1_003) {
      expectEqual(
        [bytes[at], bytes[at + 1], bytes[at + 1_000], bytes[at + 1_001], bytes[at + 1_002]],
        [1, 2, 2, 3, 4],
        "an order",
      );
    }
  },

  "more pieces than one call of the kernel takes": async ({ client, server }) => {
    const pieces = Array.from({ length: 5_000 }, (_, i) => Uint8Array.of(i & 0xff, i >> 8));
    const reading = readAll(server);
    await client.writeFrom(pieces);
    await client.end();
    const bytes = await reading;
    expectEqual(bytes.length, 10_000, "bytes");
    expectThat(
      pieces.every(([low, high], i) => bytes[2 * i] === low && bytes[2 * i + 1] === high),
      "in order",
    );
  },

  "both directions at once, each larger than any buffer between": async ({ client, server, pool }) => {
    await Promise.all([
      sendLease(client, pool, 12 * MIB),
      sendLease(server, pool, 12 * MIB),
      receiveLease(client, pool, 12 * MIB),
      receiveLease(server, pool, 12 * MIB),
    ]);
  },

  "a writer waits for a reader who does not read": async ({ client, server, pool }) => {
    using lease = await pool.take(MIB);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 64; sent++) await client.writeFrom([lease]);
    })();
    const failed = rejectionOf(sending);
    await server.fill(1);
    await server.write(Uint8Array.of(1));
    await client.fill(1);
    expectThat(sent < 64, "64 MiB were taken without a reader");
    await client.close();
    await failed;
  },

  "iterating goes on where reading stopped": async ({ client, server, pool }) => {
    await client.write(Uint8Array.of(1, 2, 3, 4, 5, 6));
    await client.end();
    await server.fill(1);
    server.consume(1);
    using lease = await pool.take(2);
    await server.readInto(lease);
    expectEqual(await readAll(server), Uint8Array.of(4, 5, 6), "the rest");
  },

  "the end of the peer's side ends filling, once what came before is used": async ({ client, server }) => {
    await client.write(Uint8Array.of(1, 2, 3));
    await client.end();
    expectEqual(await server.fill(4), false, "four of three bytes");
    expectEqual(server.receivedView, Uint8Array.of(1, 2, 3), "what is there");
    expectEqual(await server.fill(3), true, "three of three");
    server.consume(3);
    expectEqual(await server.fill(1), false, "one of none");
    await server.write(Uint8Array.of(9));
    expectEqual(await client.fill(1), true, "the other direction");
  },

  "a peer that ends in the middle of a payload is ECONNRESET": async ({ client, server, pool }) => {
    using lease = await pool.take(MIB);
    await client.write(new Uint8Array(1_000));
    await client.end();
    await expectCode(server.readInto(lease), "ECONNRESET");
  },

  "a peer that dies in the middle of a transfer is told to both directions": async ({
    client,
    server,
    pool,
  }) => {
    using into = await pool.take(8 * MIB);
    using from = await pool.take(8 * MIB);
    const reading = expectCode(server.readInto(into), "ECONNRESET");
    const writing = expectCode(server.writeFrom([from]), "ECONNRESET", "EPIPE");
    // Bytes that nobody reads make closing a reset.
    await client.write(new Uint8Array(100_000));
    await client.fill(1);
    await client.close();
    await Promise.all([reading, writing]);
    await expectCode(server.readInto(into), "ECONNRESET");
    await expectCode(server.write(Uint8Array.of(1)), "ECONNRESET", "EPIPE");
  },

  "closing fails whoever waits for bytes": async ({ client, pool }) => {
    using lease = await pool.take(10);
    const reading = expectCode(client.readInto(lease), "ECLOSED");
    await client.close();
    await reading;
    await expectCode(client.fill(1), "ECLOSED");
    await expectCode(client.readInto(lease), "ECLOSED");
    await expectCode(client.writeFrom([lease]), "ECLOSED");
  },

  "giving up to wait for a header costs nothing": async ({ client, server }) => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const filling = rejectionOf(server.fill(4, { signal: controller.signal }));
    await client.write(Uint8Array.of(1, 2));
    controller.abort(reason);
    expectThat((await filling) === reason, "the reason comes back as it is");
    await client.write(Uint8Array.of(3, 4));
    expectThat(await server.fill(4), "four bytes");
    expectEqual(server.receivedView, Uint8Array.of(1, 2, 3, 4), "what arrived");
    const before = rejectionOf(server.fill(4, { signal: AbortSignal.abort(reason) }));
    expectThat((await before) === reason, "an aborted signal is seen first");
  },

  "giving up in the middle of a payload closes the connection": async ({ client, server, pool }) => {
    using lease = await pool.take(10);
    const controller = new AbortController();
    const reason = new Error("stop");
    const reading = rejectionOf(server.readInto(lease, { signal: controller.signal }));
    await client.write(Uint8Array.of(1, 2));
    controller.abort(reason);
    expectThat((await reading) === reason, "the reason comes back as it is");
    await expectCode(server.fill(1), "ECLOSED");
  },

  "one read waits at a time": async ({ client, server, pool }) => {
    using lease = await pool.take(10);
    const first = server.fill(1);
    const second = rejectionOf(server.readInto(lease));
    expectEqual(((await second) as Error).name, "InvariantError", "the second");
    await client.write(Uint8Array.of(1));
    expectThat(await first, "the first is not harmed");
  },
};

const HEADER_BYTES = 8;

function header(size: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  new DataView(bytes.buffer).setUint32(0, size);
  return bytes;
}

function sizeOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** Words that say where they are, so that a piece in the wrong place shows. */
function fillPattern(bytes: Uint8Array, seed: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8) + seed) & 0xff;
}

function expectPattern(bytes: Uint8Array, seed: number): void {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== ((i * 31 + (i >> 8) + seed) & 0xff))
      throw new Error(`contract broken: byte ${i} is wrong`);
  }
}

async function sendLease(connection: LeasedConnection, pool: BufferPool, bytes: number): Promise<void> {
  using lease: BufferLease = await pool.take(bytes);
  fillPattern(lease.view, 3);
  await connection.writeFrom([lease]);
}

async function receiveLease(connection: LeasedConnection, pool: BufferPool, bytes: number): Promise<void> {
  using lease: BufferLease = await pool.take(bytes);
  await connection.readInto(lease);
  expectPattern(lease.view, 3);
}

async function readAll(connection: LeasedConnection): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of connection) {
    parts.push(part);
    length += part.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
