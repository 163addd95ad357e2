/** Which connections calls take by their class of traffic, and what these are marked with at both ends. */
import { type NetAddress, NO_PROBES, SeededRandom } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { MemoryNet } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C, type LeasedConnection, type LeasedNet, PortableNet } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { DEFAULT_DSCP_MARKS } from "../../../src/storage/classes/marks.ts";
import { TEST_AUTHENTICATOR, TEST_MEMBER } from "../../../src/testing/rpc.ts";
import { struct, u32 } from "../../../src/wire/codec/index.ts";
import { method, NetTransport, RpcClients, RpcRouter, RpcServer } from "../../../src/wire/index.ts";

const EMPTY = struct({ value: u32 });
const ECHO = method({
  id: 1,
  name: "test.echo",
  question: EMPTY,
  answer: EMPTY,
  access: "anyone",
  repeatable: true,
});

/** Writes down what connections are marked with. */
function noting(marks: number[]): LeasedNet {
  const net = new PortableNet(new MemoryNet());
  const noted = (connection: LeasedConnection): LeasedConnection =>
    Object.assign(connection, { mark: (dscp: number) => void marks.push(dscp) });
  const { listen, connect } = { listen: net.listen.bind(net), connect: net.connect.bind(net) };
  return Object.assign(net, {
    connect: async (...given: Parameters<typeof connect>) => noted(await connect(...given)),
    listen: async (address: NetAddress) => {
      const listener = await listen(address);
      const accept = listener[Symbol.asyncIterator].bind(listener);
      return Object.assign(listener, {
        async *[Symbol.asyncIterator]() {
          for await (const connection of { [Symbol.asyncIterator]: accept }) yield noted(connection);
        },
      });
    },
  });
}

async function withServer(
  host: string,
  work: (clients: RpcClients, address: NetAddress, marks: readonly number[]) => Promise<void>,
): Promise<void> {
  const marks: number[] = [];
  const common = {
    ...{ clock: new NodeClock(), random: new SeededRandom(1), crypto: new NodeCrypto(), probes: NO_PROBES },
    ...{ log: silentLogger(), metrics: new Metrics() },
    transport: new NetTransport({ net: noting(marks), crc32c: JAVASCRIPT_CRC32C, probes: NO_PROBES }),
  };
  const onInvariant = (error: Error): never => {
    throw error;
  };
  const router = new RpcRouter({ ...common, onInvariant });
  router.handle(ECHO, async (question) => question);
  const deps = { ...common, router, authenticator: TEST_AUTHENTICATOR };
  const server = new RpcServer(deps, { marks: [DEFAULT_DSCP_MARKS.foreground, DEFAULT_DSCP_MARKS.control] });
  const address = await server.listen({ kind: "tcp", host, port: 7000 });
  const clients = new RpcClients({ ...common, credentials: TEST_MEMBER }, { marks: DEFAULT_DSCP_MARKS });
  await work(clients, address, marks);
  await clients.close();
  await server.close();
}

test("each mark has a connection of its own, marked so at both ends", async () => {
  await withServer("host-a", async (clients, address, marks) => {
    await clients.to(address, "foreground").call(ECHO, { value: 1 });
    expect(marks).toEqual([10, 10]);
    await clients.to(address).call(ECHO, { value: 2 });
    expect(marks).toEqual([10, 10, 16, 16]);
    await clients.to(address, "foreground").call(ECHO, { value: 3 });
    await clients.to(address, "control").call(ECHO, { value: 4 });
    expect(marks).toHaveLength(4);
  });
});

test("a service marks with what it is told to alone", async () => {
  await withServer("host-a", async (clients, address, marks) => {
    await clients.to(address, "cache").call(ECHO, { value: 1 });
    expect(marks).toEqual([DEFAULT_DSCP_MARKS.cache]);
  });
});

test("to a service of this machine there is one connection, without a mark", async () => {
  await withServer("127.0.0.1", async (clients, address, marks) => {
    expect(clients.to(address, "foreground")).toBe(clients.to(address));
    await clients.to(address, "resync").call(ECHO, { value: 1 });
    expect(marks).toEqual([]);
  });
});
