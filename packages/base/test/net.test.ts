import type { Net, NetAddress } from "@smallpond/base";
import { NodeDisk, NodeNet } from "@smallpond/base/platform/node";
import { MemoryNet, type NetUnderTest, netContract } from "@smallpond/base/testing";
import { describe, expect, test } from "vitest";
import { runContract } from "./run-contract.ts";

const ANY_PORT: NetAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };

async function overTcp(net: Net): Promise<NetUnderTest> {
  return { net, address: ANY_PORT, [Symbol.asyncDispose]: async () => {} };
}

async function overUnixSocket(): Promise<NetUnderTest> {
  const directory = await new NodeDisk().tempDirectory();
  return {
    net: new NodeNet(),
    address: { kind: "unix", path: `${directory.path}/socket` },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

runContract(
  "MemoryNet",
  netContract(() => overTcp(new MemoryNet())),
);
runContract(
  "NodeNet over TCP",
  netContract(() => overTcp(new NodeNet())),
);
runContract("NodeNet over a unix socket", netContract(overUnixSocket));

describe.each([
  ["MemoryNet", (settings: object) => new MemoryNet(settings)],
  ["NodeNet", (settings: object) => new NodeNet(settings)],
])("the limits of %s", (_, create) => {
  test("writes beyond the limit of unsent bytes are refused", async () => {
    const net = create({ unsentBytesMax: 1000 });
    await using listener = await net.listen(ANY_PORT);
    await using client = await net.connect(listener.address);
    const large = client.write(new Uint8Array(32 << 20));
    await expect(client.write(new Uint8Array(1))).rejects.toMatchObject({
      code: "EQUEUEFULL",
      kind: "retry",
    });
    await Promise.all([expect(large).rejects.toMatchObject({ code: "ECLOSED" }), client.close()]);
  });

  test("connections that nobody takes are turned away beyond the limit", async () => {
    const net = create({ acceptQueueMax: 1 });
    await using listener = await net.listen(ANY_PORT);
    await using first = await net.connect(listener.address);
    await using second = await net.connect(listener.address);
    const reading = second[Symbol.asyncIterator]().next();
    const outcome = await reading.then(
      (next) => (next.done ? "ended" : "data"),
      (error: { code: string }) => error.code,
    );
    expect(["ended", "ECONNRESET"]).toContain(outcome);
    await first.write(new Uint8Array(1));
  });
});
