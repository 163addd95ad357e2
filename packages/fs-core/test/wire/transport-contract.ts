/** What RPC relies on, whatever carries it. */
import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { type BufferPool, openBufferPool } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { NodeCrypto } from "../../src/platform/node-crypto.ts";
import { silentLogger } from "../../src/service/log.ts";
import { Metrics } from "../../src/service/metrics.ts";
import { TEST_AUTHENTICATOR, TEST_MEMBER } from "../../src/testing/rpc.ts";
import { struct, text, u32 } from "../../src/wire/codec/index.ts";
import {
  type CallContext,
  type Caller,
  method,
  RpcClients,
  RpcRouter,
  RpcServer,
  type RpcServerSettings,
  type Transport,
} from "../../src/wire/index.ts";

export const ECHO = method({
  id: 0xf001,
  name: "test.echo",
  question: struct({ text: text(1_000_000) }),
  answer: struct({ text: text(1_000_000) }),
  access: "member",
  repeatable: true,
});
export const WRITE = method({
  id: 0xf002,
  name: "test.write",
  question: struct({}),
  answer: struct({ sum: u32 }),
  access: "member",
  repeatable: true,
});
export const READ = method({
  id: 0xf003,
  name: "test.read",
  question: struct({ bytes: u32, fill: u32 }),
  answer: struct({ bytes: u32 }),
  access: "member",
  repeatable: true,
});
const HOLD = method({ ...ECHO, id: 0xf004, name: "test.hold" });

export interface TransportsUnderTest extends AsyncDisposable {
  /** For the service, over its pool. */
  readonly service: Transport;
  readonly client: Transport;
  /** Resolves when bulk bytes go the way that is under test. */
  isReady?(caller: Caller): Promise<void>;
}

export type SetUpTransports = (pools: {
  readonly service: BufferPool;
  readonly client: BufferPool;
}) => Promise<TransportsUnderTest>;

export function runTransportContract(subject: string, setUp: SetUpTransports): void {
  describe(subject, () => {
    test("questions and answers of all sizes, many at once", async () => {
      await using world = await openTransports(setUp);
      const texts = Array.from({ length: 50 }, (_, n) => "x".repeat(n * 10_000));
      const answers = await Promise.all(texts.map((each) => world.caller.call(ECHO, { text: each })));
      expect(answers.map((each) => each.text.length)).toEqual(texts.map((each) => each.length));
    });

    test("bulk bytes go with a question, from leases, from parts of them, and from elsewhere", async () => {
      await using world = await openTransports(setUp);
      using lease = world.clientPool.tryTake(1_000_000)!;
      lease.view.fill(1);
      const send = [{ lease, offset: 10, length: 500_000 }, Uint8Array.of(5, 6), { lease, offset: 999_999 }];
      expect(await world.caller.call(WRITE, {}, { send })).toEqual({ sum: 500_012 });
      expect(await world.caller.call(WRITE, {}, { send: [lease] })).toEqual({ sum: 1_000_000 });
      expect(await world.caller.call(WRITE, {})).toEqual({ sum: 0 });
    });

    test("bulk bytes come with an answer, to where they are wanted and nowhere else", async () => {
      await using world = await openTransports(setUp);
      using lease = world.clientPool.tryTake(2_000_000)!;
      lease.view.fill(9);
      let bulk = -1;
      const onBulk = (bytes: number): void => {
        bulk = bytes;
      };
      const into = { lease, offset: 1000, length: 1_500_000 };
      expect(await world.caller.call(READ, { bytes: 1_200_000, fill: 3 }, { into, onBulk })).toEqual({
        bytes: 1_200_000,
      });
      expect(bulk).toBe(1_200_000);
      expect(lease.view[999]).toBe(9);
      expect(lease.view.subarray(1000, 1_201_000).every((byte) => byte === 3)).toBe(true);
      expect(lease.view[1_201_000]).toBe(9);
      expect(await world.caller.call(READ, { bytes: 0, fill: 0 }, { into, onBulk })).toEqual({ bytes: 0 });
      expect(bulk).toBe(0);
    });

    test("many calls with bulk bytes both ways at once keep theirs apart", async () => {
      await using world = await openTransports(setUp);
      await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          using lease = world.clientPool.tryTake(100_000)!;
          await world.caller.call(READ, { bytes: 100_000 - n, fill: n + 1 }, { into: lease });
          expect(lease.view.subarray(0, 100_000 - n).every((byte) => byte === n + 1)).toBe(true);
          const { sum } = await world.caller.call(WRITE, {}, { send: [{ lease, length: 100_000 - n }] });
          expect(sum).toBe((100_000 - n) * (n + 1));
        }),
      );
    });

    test("an answer with more bulk bytes than there is room for is refused, and nothing is overwritten", async () => {
      await using world = await openTransports(setUp);
      using lease = world.clientPool.tryTake(10_000)!;
      lease.view.fill(9);
      const into = { lease, length: 5000 };
      await expect(world.caller.call(READ, { bytes: 5001, fill: 3 }, { into })).rejects.toMatchObject({
        code: "BULK_REFUSED",
      });
      await expect(world.caller.call(READ, { bytes: 1, fill: 3 })).rejects.toMatchObject({
        code: "BULK_REFUSED",
      });
      expect(lease.view.every((byte) => byte === 9)).toBe(true);
      expect(await world.caller.call(ECHO, { text: "on" })).toEqual({ text: "on" });
    });

    test("a call that is given up has its memory back once it rejects", async () => {
      await using world = await openTransports(setUp);
      const controller = new AbortController();
      const lease = world.clientPool.tryTake(10_000)!;
      const options = { into: lease, send: [Uint8Array.of(1)], signal: controller.signal };
      const call = expect(world.caller.call(HOLD, { text: "" }, options)).rejects.toThrow("enough");
      while (world.held.length === 0) await new NodeClock().sleep(1);
      controller.abort(new Error("enough"));
      await call;
      lease.release();
      expect(await world.caller.call(ECHO, { text: "on" })).toEqual({ text: "on" });
    });

    test("a call whose service ends has its memory back once it rejects", async () => {
      await using world = await openTransports(setUp);
      const lease = world.clientPool.tryTake(10_000)!;
      const call = expect(
        world.caller.call(HOLD, { text: "" }, { into: lease, send: [Uint8Array.of(1)] }),
      ).rejects.toMatchObject({
        code: "NO_ANSWER",
        kind: "unknown-outcome",
      });
      while (world.held.length === 0) await new NodeClock().sleep(1);
      await world.server.close();
      await call;
      lease.release();
    });
  });
}

export async function openTransports(setUp: SetUpTransports, settings: Partial<RpcServerSettings> = {}) {
  const newPool = (): BufferPool => openBufferPool({ poison: true, showable: true });
  const pools = { service: newPool(), client: newPool() };
  const transports = await setUp(pools);
  const clock = new NodeClock();
  const common = {
    clock,
    crypto: new NodeCrypto(),
    random: new SeededRandom(1),
    log: silentLogger(),
    metrics: new Metrics(),
    probes: NO_PROBES,
  };
  const held: CallContext[] = [];
  const sums: number[] = [];
  const router = new RpcRouter({
    ...common,
    onInvariant: (error) => {
      throw error;
    },
  });
  router.handle(ECHO, async (question) => question);
  router.handle(WRITE, async (_question, { received }) => {
    let sum = 0;
    for (const byte of received?.view ?? []) sum += byte;
    sums.push(sum);
    return { sum };
  });
  router.handle(READ, async ({ bytes, fill }, context) => {
    if (bytes > 0) {
      const lease = await pools.service.take(bytes);
      lease.view.fill(fill);
      const middle = bytes >>> 1;
      const pieces = [
        { lease, length: middle },
        { lease, offset: middle, length: bytes - middle },
      ];
      context.sendBack({ pieces: pieces.filter(({ length }) => length > 0), release: () => lease.release() });
    }
    return { bytes };
  });
  router.handle(HOLD, async (question, context) => {
    held.push(context);
    await clock.sleep(60_000, { signal: context.signal });
    return question;
  });
  const server = new RpcServer(
    {
      ...common,
      router,
      transport: transports.service,
      authenticator: TEST_AUTHENTICATOR,
      pool: pools.service,
    },
    { graceMs: 0, ...settings },
  );
  const address = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  const clients = new RpcClients({ ...common, transport: transports.client, credentials: TEST_MEMBER });
  const caller = clients.to(address);
  await transports.isReady?.(caller);
  return {
    server,
    held,
    sums,
    clientPool: pools.client,
    caller,
    [Symbol.asyncDispose]: async () => {
      await clients.close();
      await server.close();
      await transports[Symbol.asyncDispose]();
      expect(pools.service.leases).toBe(0);
      expect(pools.client.leases).toBe(0);
    },
  };
}

/** A client and a service that can work together, whatever each of them has. */
export async function expectService(transports: {
  readonly service: Transport;
  readonly client: Transport;
}): Promise<void> {
  await using world = await openTransports(async () => ({
    ...transports,
    [Symbol.asyncDispose]: async () => {},
  }));
  using lease = world.clientPool.tryTake(1000)!;
  for (let round = 0; round < 10; round++) {
    lease.view.fill(2);
    expect(await world.caller.call(WRITE, {}, { send: [lease] })).toEqual({ sum: 2000 });
    await world.caller.call(READ, { bytes: 1000, fill: round }, { into: lease });
    expect(lease.view.every((byte) => byte === round)).toBe(true);
  }
}

/** A client and a service that cannot work together: the caller hears what the service has against it. */
export async function expectRefusal({
  service,
  client,
  message,
}: {
  readonly service: Transport;
  readonly client: Transport;
  readonly message: string;
}): Promise<void> {
  await using world = await openTransports(async () => ({
    service,
    client,
    [Symbol.asyncDispose]: async () => {},
  }));
  await expect(world.caller.call(ECHO, { text: "" }, { attempts: 1 })).rejects.toMatchObject({
    code: "NO_ANSWER",
    kind: "retry",
    message,
  });
}
