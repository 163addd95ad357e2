import type { NetAddress } from "@smallpond/base";
import { NO_PROBES, PondError, SeededRandom } from "@smallpond/base";
import { NodeClock, NodeDisk, NodeNet } from "@smallpond/base/platform/node";
import { netContract } from "@smallpond/base/testing";
import { describe, expect, test } from "vitest";
import { TlsNet, type TlsNetDeps } from "../../src/platform/tls-net.ts";
import { testClients, testServer } from "../../src/testing/rpc.ts";
import { struct, u32 } from "../../src/wire/codec/index.ts";
import { method } from "../../src/wire/index.ts";
import { makeCertificates, missingOpenssl } from "./certificates.ts";

const ANY_PORT: NetAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
const MISSING = missingOpenssl();
const CERTIFICATES = MISSING === undefined ? makeCertificates() : (undefined as never);

const DOUBLE = method({
  id: 0xf001,
  name: "test.double",
  question: struct({ value: u32 }),
  answer: struct({ value: u32 }),
  access: "member",
  repeatable: true,
});

describe.skipIf(MISSING !== undefined)(`TLS${MISSING ?? ""}`, () => {
  const both: TlsNetDeps | undefined =
    MISSING === undefined
      ? { identity: CERTIFICATES.service, authoritiesPem: [CERTIFICATES.authorityPem] }
      : undefined;

  describe("over TCP keeps the contract of a network", () => {
    const cases = netContract(async () => ({
      net: new TlsNet(both!, { clientsProve: true }),
      address: ANY_PORT,
      [Symbol.asyncDispose]: async () => {},
    }));
    for (const { name, run } of cases) test(name, run);
  });

  test("works over a unix socket, by the name in the certificate", async () => {
    await using directory = await new NodeDisk().tempDirectory();
    const net = new TlsNet(both!, { serverName: "localhost" });
    await using listener = await net.listen({ kind: "unix", path: `${directory.path}/socket` });
    await using connection = await net.connect(listener.address);
    await connection.write(Uint8Array.of(1));
  });

  test("carries RPC", async () => {
    const net = new TlsNet(both!);
    const deps = { net, clock: new NodeClock(), random: new SeededRandom(1), probes: NO_PROBES };
    const { server } = testServer(deps);
    server.handle(DOUBLE, async ({ value }) => ({ value: 2 * value }));
    const address = await server.listen(ANY_PORT);
    const clients = testClients(deps);
    const answers = await Promise.all([1, 2, 3].map((value) => clients.to(address).call(DOUBLE, { value })));
    expect(answers.map(({ value }) => value)).toEqual([2, 4, 6]);
    await clients.close();
    await server.close();
  });

  test.each<readonly [string, () => TlsNetDeps, () => TlsNetDeps, string]>([
    [
      "a certificate of another authority",
      () => ({ identity: CERTIFICATES.stranger }),
      () => both!,
      "TLS_REFUSED",
    ],
    ["an expired certificate", () => ({ identity: CERTIFICATES.expired }), () => both!, "TLS_REFUSED"],
    ["a certificate whose authority the client does not know", () => both!, () => ({}), "TLS_REFUSED"],
  ])("a client does not take %s", async (_, service, client, code) => {
    await using listener = await new TlsNet(service()).listen(ANY_PORT);
    await expect(new TlsNet(client()).connect(listener.address)).rejects.toMatchObject({
      code,
      kind: "invalid",
    });
  });

  test("a client does not take a certificate of another name", async () => {
    await using listener = await new TlsNet(both!).listen(ANY_PORT);
    const client = new TlsNet(both!, { serverName: "example.org" });
    await expect(client.connect(listener.address)).rejects.toMatchObject({ code: "TLS_REFUSED" });
  });

  test.each<readonly [string, () => TlsNetDeps]>([
    ["without a certificate", () => ({ authoritiesPem: [CERTIFICATES.authorityPem] })],
    [
      "with one of another authority",
      () => ({ identity: CERTIFICATES.stranger, authoritiesPem: [CERTIFICATES.authorityPem] }),
    ],
  ])("a service that asks for certificates takes no client %s, and goes on", async (_, client) => {
    await using listener = await new TlsNet(both!, { clientsProve: true }).listen(ANY_PORT);
    const accepted = listener[Symbol.asyncIterator]();
    const refused = await new TlsNet(client()).connect(listener.address);
    // Node tells it as an end or as an error, by how far the handshake was.
    const heard = await refused[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => ({ done: error instanceof PondError }));
    expect(heard.done).toBe(true);
    await refused.close();
    await using good = await new TlsNet(both!).connect(listener.address);
    await good.write(Uint8Array.of(7));
    const { value: served } = await accepted.next();
    expect((await served![Symbol.asyncIterator]().next()).value).toEqual(Uint8Array.of(7));
    await served!.close();
  });

  test("who speaks no TLS gets nowhere", async () => {
    await using listener = await new TlsNet(both!).listen(ANY_PORT);
    await using plain = await new NodeNet().connect(listener.address);
    await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    const reading = (async () => {
      let bytes = 0;
      for await (const chunk of plain) bytes += chunk.length;
      return bytes;
    })();
    expect(await reading.catch(() => 0)).toBeLessThan(100);
    await using good = await new TlsNet(both!).connect(listener.address);
    await good.write(Uint8Array.of(1));
  });

  test("a service without a certificate does not begin", async () => {
    await expect(new TlsNet({}).listen(ANY_PORT)).rejects.toMatchObject({
      code: "TLS_REFUSED",
      kind: "invalid",
    });
  });
});
