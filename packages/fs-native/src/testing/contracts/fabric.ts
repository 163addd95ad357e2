/** What every fabric promises, between an endpoint here and partners anywhere. */
import { type Clock, equalBytes, SeededRandom } from "@smallpond/base";
import { type ContractCase, expectCode, expectEqual, expectThat, rejectionOf } from "@smallpond/base/testing";
import type { FabricEndpoint, FabricPeer, RemoteRegion } from "../../fabric/fabric.ts";
import type { FabricSettings } from "../../fabric/fabric-settings.ts";
import type { BufferPool } from "../../memory/pool.ts";
import {
  fillPattern,
  isPattern,
  MESSAGE_HEADER_BYTES,
  PARTNER_REGION_BYTES,
  PartnerClient,
} from "../fabric-partner.ts";

export interface FabricPartner {
  readonly address: Uint8Array;
  /** As if its process were killed. */
  kill(): Promise<void>;
  /** As if its process were stopped, for good. Not where it runs in this very process. */
  readonly freeze?: () => Promise<void>;
}

export interface FabricUnderTest extends AsyncDisposable {
  readonly clock: Clock;
  readonly pool: BufferPool;
  open(settings?: Partial<FabricSettings>): Promise<FabricEndpoint>;
  /** Starts `runFabricPartner` at another endpoint. */
  partner(): Promise<FabricPartner>;
}

export interface FabricContractOptions {
  /** Whether partners have `freeze`. */
  readonly freezes: boolean;
}

export function fabricContract(
  setup: () => Promise<FabricUnderTest>,
  { freezes }: FabricContractOptions,
): readonly ContractCase[] {
  const cases = { ...MESSAGE_CASES, ...TRANSFER_CASES, ...END_CASES, ...(freezes ? FREEZE_CASES : {}) };
  return Object.entries(cases).map(([name, body]) => ({
    name,
    run: async () => {
      await using subject = await setup();
      await body(subject);
      expectEqual(subject.pool.leases, 0, "leases held at the end");
    },
  }));
}

type FabricCase = (subject: FabricUnderTest) => Promise<void>;

const MESSAGE_CASES: Readonly<Record<string, FabricCase>> = {
  "messages arrive in order, once, and are answered": async (subject) => {
    await using ends = await connect(subject);
    const { client, peer } = ends;
    const order: number[] = [];
    const asked = Array.from({ length: 1_000 }, async (_, i) => {
      const [low, high] = await client.echo(peer, Uint8Array.of(i & 0xff, i >> 8));
      order.push(low! + high! * 256);
    });
    await Promise.all(asked);
    expectEqual(order, [...order.keys()], "the order of answers");
  },

  "a message has any size from none to the largest": async (subject) => {
    await using ends = await connect(subject);
    const { client, peer, near } = ends;
    const { messageBytesMax } = near.limits;
    await client.empty(peer);
    const largest = messageBytesMax - MESSAGE_HEADER_BYTES;
    for (const bytes of [0, 1, 63, 64, 65, 1_000, largest]) {
      const body = new Uint8Array(bytes);
      fillPattern(body, bytes);
      expectThat(equalBytes(await client.echo(peer, body), body), `${bytes} bytes come back as they were`);
    }
    await expectCode(near.send(peer, new Uint8Array(messageBytesMax + 1)), "EMSGSIZE");
  },

  "messages that nobody takes hold up their sender, and none is lost": async (subject) => {
    const near = await subject.open({ receiveBuffers: 8 });
    await using ends = await connectTo(subject, near);
    await ends.client.flood(ends.peer, 2_000, 512);
    expectEqual(ends.client.flooded, [...ends.client.flooded.keys()], "the order of messages");
  },

  "leaving the loop of messages keeps those that come": async (subject) => {
    await using near = await subject.open();
    const client = new PartnerClient(near);
    const { address } = await subject.partner();
    const peer = near.peer(address);
    const hello = client.hello(peer);
    for await (const batch of near.messages()) {
      expectEqual(batch.length, 1, "messages of the first batch");
      expectThat(batch[0]!.from === peer, "the sender is the peer that was asked for");
      break;
    }
    const running = client.run();
    await client.hello(peer);
    void hello;
    await near.close();
    await running;
  },

  "the same address is the same peer, and nonsense is none": async (subject) => {
    await using near = await subject.open();
    const { address } = await subject.partner();
    expectThat(near.peer(address) === near.peer(address.slice()), "one peer");
    const error = await rejectionOf(Promise.resolve().then(() => near.peer(new Uint8Array(3))));
    expectEqual((error as { code?: string }).code, "EINVAL", "the code");
  },
};

const TRANSFER_CASES: Readonly<Record<string, FabricCase>> = {
  "reads and writes move exactly their bytes, many at once": async (subject) => {
    await using ends = await connect(subject);
    const { near, peer, region, pool } = ends;
    const random = new SeededRandom(7);
    const bytes = 2 ** 20;
    using model = await pool.take(bytes);
    using seen = await pool.take(bytes);
    model.view.fill(0);
    await near.write(model, { peer, region, offset: 0 });
    for (let round = 0; round < 6; round++) {
      const cuts = pieces(random, bytes, 48);
      for (const { offset, length } of cuts) {
        if (random.int(2) === 0) model.view.set(random.bytes(length), offset);
      }
      const write = (cut: Piece): Promise<void> =>
        near.write({ lease: model, ...cut }, { peer, region, offset: cut.offset });
      await Promise.all(cuts.map(write));
      seen.view.fill(0xee);
      const read = (cut: Piece): Promise<void> =>
        near.read({ lease: seen, ...cut }, { peer, region, offset: cut.offset });
      await Promise.all(pieces(random, bytes, 48).map(read));
      expectThat(equalBytes(seen.view, model.view), `round ${round}: the bytes are those written`);
    }
  },

  "a transfer of nothing is nothing": async (subject) => {
    await using ends = await connect(subject);
    const { near, peer, region, pool } = ends;
    using lease = await pool.take(16);
    await near.write({ lease, length: 0 }, { peer, region, offset: region.bytes });
    await near.read({ lease, length: 0 }, { peer, region, offset: 0 });
  },

  "once a write has resolved, a message makes the peer see its bytes": async (subject) => {
    await using ends = await connect(subject);
    const { near, peer, region, pool, client } = ends;
    const random = new SeededRandom(11);
    using lease = await pool.take(2 ** 20);
    const background = Array.from({ length: 4 }, async () => {
      using other = await pool.take(256 * 1024);
      for (let i = 0; i < 20; i++) await near.write(other, { peer, region, offset: 3 * 2 ** 20 });
    });
    for (let i = 0; i < 100; i++) {
      const length = 1 + random.int(i % 10 === 0 ? 2 ** 20 : 5_000);
      const offset = random.int(2 ** 20);
      fillPattern(lease.view.subarray(0, length), i);
      await near.write({ lease, length }, { peer, region, offset });
      expectThat(await client.check(peer, i, offset, length), `write ${i} is seen`);
    }
    await Promise.all(background);
  },

  "what the peer wrote to its own memory is read": async (subject) => {
    await using ends = await connect(subject);
    const { near, peer, region, pool, client } = ends;
    using lease = await pool.take(100_000);
    for (let i = 0; i < 20; i++) {
      await client.fill(peer, i, i, 100_000);
      await near.read(lease, { peer, region, offset: i });
      expectThat(isPattern(lease.view, i), `fill ${i} is read`);
    }
  },

  "more operations than the queue holds wait, and none is lost": async (subject) => {
    const near = await subject.open({ depth: 4, sendBuffers: 2 });
    await using ends = await connectTo(subject, near);
    const { peer, region, pool, client } = ends;
    await client.fill(peer, 3, 0, 4_096);
    using lease = await pool.take(4_096 * 64);
    const reads = Array.from({ length: 64 }, (_, i) =>
      near.read({ lease, offset: i * 4_096, length: 4_096 }, { peer, region, offset: 0 }),
    );
    const echoes = Array.from({ length: 200 }, (_, i) => client.echo(peer, Uint8Array.of(i)));
    await Promise.all([...reads, ...echoes]);
    for (let i = 0; i < 64; i++) {
      expectThat(isPattern(lease.view.subarray(i * 4_096, (i + 1) * 4_096), 3), `read ${i}`);
    }
    expectEqual(near.inFlight + near.waiting, 0, "operations left");
  },

  "beyond the bound of waiting operations, further ones are refused": async (subject) => {
    const near = await subject.open({ depth: 1, waitingMax: 10 });
    await using ends = await connectTo(subject, near);
    const { peer, region, pool } = ends;
    using lease = await pool.take(16);
    const reads = Array.from({ length: 11 }, () => near.read(lease, { peer, region, offset: 0 }));
    await expectCode(reads[10]!, "EQUEUEFULL");
    await Promise.all(reads.slice(0, 10));
  },

  "a wrong key fails, and the peer can be used again": async (subject) => {
    await using ends = await connect(subject);
    const { near, peer, region, pool, client } = ends;
    using lease = await pool.take(64);
    const wrong = { ...region, key: region.key ^ 1n };
    await expectCode(near.write(lease, { peer, region: wrong, offset: 0 }), "ECONNRESET");
    await near.write(lease, { peer, region, offset: 0 });
    await client.hello(peer);
  },

  "a region that was closed is out of reach": async (subject) => {
    await using ends = await connect(subject);
    const { near, peer, region, pool, client } = ends;
    using lease = await pool.take(64);
    await near.read(lease, { peer, region, offset: 0 });
    await client.forget(peer);
    await expectCode(near.read(lease, { peer, region, offset: 0 }), "ECONNRESET");
  },

  "many peers are served at once": async (subject) => {
    await using near = await subject.open();
    const client = new PartnerClient(near);
    const running = client.run();
    const partners = await Promise.all(Array.from({ length: 8 }, () => subject.partner()));
    const visit = async ({ address }: FabricPartner, seed: number): Promise<void> => {
      const peer = near.peer(address);
      const region = await client.hello(peer);
      using lease = await subject.pool.take(50_000);
      for (let i = 0; i < 10; i++) {
        fillPattern(lease.view, seed + i);
        await near.write(lease, { peer, region, offset: i });
        expectThat(await client.check(peer, seed + i, i, 50_000), `peer ${seed} sees write ${i}`);
      }
    };
    await Promise.all(partners.map((partner, i) => visit(partner, i * 100)));
    await near.close();
    await running;
  },
};

const END_CASES: Readonly<Record<string, FabricCase>> = {
  "a peer that dies ends what is under way with it, and others go on": async (subject) => {
    const near = await subject.open({ connectMsMax: 300 });
    await using ends = await connectTo(subject, near);
    const { client, pool } = ends;
    const victim = await subject.partner();
    const peer = near.peer(victim.address);
    const region = await client.hello(peer);
    using lease = await pool.take(2 ** 20);
    const until = async (call: () => Promise<void>): Promise<unknown> => {
      for (;;) {
        const error = await call().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) return error;
      }
    };
    const errors = Promise.all([
      ...Array.from({ length: 4 }, () => until(() => near.read(lease, { peer, region, offset: 0 }))),
      ...Array.from({ length: 4 }, () => until(() => near.write(lease, { peer, region, offset: 0 }))),
    ]);
    await client.echo(ends.peer, Uint8Array.of(1));
    await victim.kill();
    for (const error of await errors) await expectCode(Promise.reject(error), "ECONNRESET", "ETIMEDOUT");
    using other = await pool.take(1_000);
    fillPattern(other.view, 5);
    await near.write(other, { peer: ends.peer, region: ends.region, offset: 0 });
    expectThat(await client.check(ends.peer, 5, 0, 1_000), "the other peer is still served");
  },

  "a peer that is not there is told after the time given": async (subject) => {
    await using near = await subject.open({ connectMsMax: 200 });
    const partner = await subject.partner();
    await partner.kill();
    const peer = near.peer(partner.address);
    const sends = Array.from({ length: 3 }, () => near.send(peer, Uint8Array.of(1)));
    for (const send of sends) await expectCode(send, "ETIMEDOUT");
  },

  "closing ends what is under way": async (subject) => {
    for (const pauseMs of [0, 1]) {
      const near = await subject.open({ depth: 8 });
      const { peer, region, pool, running } = await connectTo(subject, near);
      using lease = await pool.take(2 ** 20);
      const calls = Array.from({ length: 200 }, (_, i) =>
        i % 2 === 0
          ? near.read(lease, { peer, region, offset: 0 })
          : near.write(lease, { peer, region, offset: 0 }),
      );
      const outcomes = Promise.allSettled(calls);
      if (pauseMs > 0) await subject.clock.sleep(pauseMs);
      await Promise.all([near.close(), near.close(), running]);
      for (const code of failures(await outcomes)) expectEqual(code, "ECLOSED", "how the rest failed");
      await expectCode(near.send(peer, Uint8Array.of(1)), "ECLOSED");
      await expectCode(near.read(lease, { peer, region, offset: 0 }), "ECLOSED");
    }
  },

  "an aborted signal keeps an operation from starting": async (subject) => {
    await using ends = await connect(subject);
    const { near, peer } = ends;
    const reason = new Error("stop");
    const signal = AbortSignal.abort(reason);
    const error = await rejectionOf(near.send(peer, Uint8Array.of(1), { signal }));
    expectThat(error === reason, "the reason comes back as it is");
  },

  "an abort takes back what waits, and spares what is under way": async (subject) => {
    const near = await subject.open({ depth: 1 });
    await using ends = await connectTo(subject, near);
    const { peer, region, pool } = ends;
    using lease = await pool.take(2 ** 20);
    const reason = new Error("stop");
    const controller = new AbortController();
    const first = near.read(lease, { peer, region, offset: 0 });
    const second = near.read(lease, { peer, region, offset: 0 }, { signal: controller.signal });
    await Promise.resolve();
    controller.abort(reason);
    expectThat((await rejectionOf(second)) === reason, "the reason comes back as it is");
    await first;
  },

  "disconnecting ends what is under way, and the peer can be reached again": async (subject) => {
    await using ends = await connect(subject);
    const { near, peer, region, pool, client } = ends;
    using lease = await pool.take(2 ** 20);
    const calls = Array.from({ length: 8 }, () => near.write(lease, { peer, region, offset: 0 }));
    const outcomes = Promise.allSettled(calls);
    await Promise.resolve();
    near.disconnect(peer);
    for (const code of failures(await outcomes)) expectEqual(code, "ECONNRESET", "how they failed");
    expectEqual((await client.hello(peer)).key, region.key, "the partner's key");
  },
};

const FREEZE_CASES: Readonly<Record<string, FabricCase>> = {
  "operations with a silent peer end at the caller's deadline, and others go on": async (subject) => {
    await using ends = await connect(subject);
    const { near, client, pool } = ends;
    const victim = await subject.partner();
    const peer = near.peer(victim.address);
    const region = await client.hello(peer);
    await victim.freeze!();
    using lease = await pool.take(2 ** 20);
    using deadline = subject.clock.deadline(300);
    const { signal } = deadline;
    const calls = Array.from({ length: 32 }, (_, i) =>
      i % 2 === 0
        ? near.write(lease, { peer, region, offset: 0 }, { signal })
        : near.read(lease, { peer, region, offset: 0 }, { signal }),
    );
    const outcomes = Promise.allSettled(calls);
    using other = await pool.take(1_000);
    for (let i = 0; i < 10; i++) {
      fillPattern(other.view, i);
      await near.write(other, { peer: ends.peer, region: ends.region, offset: 0 });
      expectThat(await client.check(ends.peer, i, 0, 1_000), "the other peer is served meanwhile");
    }
    const codes = failures(await outcomes);
    expectEqual(codes.length, calls.length, "operations that failed");
    for (const code of codes) expectEqual(code, "DEADLINE_EXCEEDED", "why they failed");
    expectThat(await client.check(ends.peer, 9, 0, 1_000), "the other peer is served afterwards");
  },
};

interface Ends extends AsyncDisposable {
  readonly near: FabricEndpoint;
  readonly pool: BufferPool;
  readonly client: PartnerClient;
  readonly peer: FabricPeer;
  readonly region: RemoteRegion;
  /** Ends when `near` is closed. */
  readonly running: Promise<void>;
}

async function connect(subject: FabricUnderTest): Promise<Ends> {
  return await connectTo(subject, await subject.open());
}

async function connectTo(subject: FabricUnderTest, near: FabricEndpoint): Promise<Ends> {
  const client = new PartnerClient(near);
  const running = client.run();
  const { address } = await subject.partner();
  const peer = near.peer(address);
  const region = await client.hello(peer);
  expectEqual(region.bytes, PARTNER_REGION_BYTES, "what the partner serves");
  return {
    near,
    pool: subject.pool,
    client,
    peer,
    region,
    running,
    [Symbol.asyncDispose]: async () => {
      await near.close();
      await running;
    },
  };
}

interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** Cuts a range at random places. */
function pieces(random: SeededRandom, bytes: number, count: number): readonly Piece[] {
  const cuts = [...new Set([0, bytes, ...Array.from({ length: count - 1 }, () => random.int(bytes))])];
  cuts.sort((a, b) => a - b);
  return cuts.slice(0, -1).map((offset, i) => ({ offset, length: cuts[i + 1]! - offset }));
}

/** Codes of those that failed. */
function failures(outcomes: readonly PromiseSettledResult<unknown>[]): readonly unknown[] {
  return outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [(outcome.reason as { code?: unknown }).code] : [],
  );
}
