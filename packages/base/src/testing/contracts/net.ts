/** What every network promises between two ends that both behave; faults are for the simulated one. */
import { concatBytes } from "../../bytes.ts";
import type { Connection, Listener, Net, NetAddress } from "../../net.ts";
import {
  type ContractCase,
  expectCode,
  expectEqual,
  expectThat,
  fromUtf8,
  rejectionOf,
  utf8,
} from "./case.ts";

export interface NetUnderTest extends AsyncDisposable {
  readonly net: Net;
  /** An address nobody listens on. The same one on every call. */
  readonly address: NetAddress;
}

interface Ends extends AsyncDisposable {
  readonly client: Connection;
  readonly server: Connection;
}

export function netContract(setup: () => Promise<NetUnderTest>): readonly ContractCase[] {
  return Object.entries({ ...LISTENER_CASES, ...CONNECTION_CASES }).map(([name, body]) => ({
    name,
    run: async () => {
      await using subject = await setup();
      await body(subject);
    },
  }));
}

type NetCase = (subject: NetUnderTest) => Promise<void>;

const LISTENER_CASES: Readonly<Record<string, NetCase>> = {
  "nobody listening is ECONNREFUSED, or ENOENT for a missing socket": async ({ net, address }) => {
    await using closed = await net.listen(address);
    const freed = closed.address;
    await closed.close();
    await expectCode(net.connect(freed), "ECONNREFUSED", "ENOENT");
  },

  "an address has one listener": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await expectCode(net.listen(listener.address), "EADDRINUSE");
  },

  "a closed address can be listened on again": async ({ net, address }) => {
    const first = await net.listen(address);
    await Promise.all([first.close(), first.close()]);
    await using _second = await net.listen(first.address);
  },

  "closing a listener ends its loop and spares taken connections": async ({ net, address }) => {
    const listener = await net.listen(address);
    await using ends = await pair(net, listener);
    const loop = count(listener);
    await listener.close();
    expectEqual(await loop, 0, "connections after closing");
    await ends.client.write(utf8("still here"));
    await ends.client.end();
    expectEqual(fromUtf8(await readAll(ends.server)), "still here", "what arrives");
  },

  "leaving a listener's loop closes it": async ({ net, address }) => {
    const listener = await net.listen(address);
    await using client = await net.connect(listener.address);
    for await (const server of listener) {
      await server.close();
      break;
    }
    await expectCode(net.connect(listener.address), "ECONNREFUSED", "ENOENT");
    await client.close();
  },

  "an aborted signal keeps a connection from being made": async ({ net, address }) => {
    await using listener = await net.listen(address);
    const reason = new Error("stop");
    const error = await rejectionOf(net.connect(listener.address, { signal: AbortSignal.abort(reason) }));
    expectThat(error === reason, "the reason comes back as it is");
  },
};

const CONNECTION_CASES: Readonly<Record<string, NetCase>> = {
  "bytes arrive complete and in order, both ways": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    const [there, back] = await Promise.all([
      exchange(ends.client, ["one ", "two ", "", "three"]),
      exchange(ends.server, ["vier ", "fünf"]),
    ]);
    expectEqual(fromUtf8(there), "vier fünf", "what the client read");
    expectEqual(fromUtf8(back), "one two three", "what the server read");
  },

  "writes that were not awaited keep their order": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    const reading = readAll(ends.server);
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    await Promise.all(numbers.map((number) => ends.client.write(Uint8Array.of(number))));
    await ends.client.end();
    expectEqual(await reading, Uint8Array.from(numbers), "what arrives");
  },

  "a written buffer may be reused once the write has settled": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    const buffer = utf8("keep");
    await ends.client.write(buffer);
    buffer.fill(0);
    await ends.client.end();
    expectEqual(fromUtf8(await readAll(ends.server)), "keep", "what arrives");
  },

  "ending one direction leaves the other open": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    await Promise.all([ends.client.end(), ends.client.end()]);
    await expectCode(ends.client.write(utf8("x")), "ECLOSED");
    expectEqual((await readAll(ends.server)).length, 0, "bytes before the end");
    await ends.server.write(utf8("answer"));
    await ends.server.end();
    expectEqual(fromUtf8(await readAll(ends.client)), "answer", "what arrives after the end");
  },

  "a writer waits for a reader that does not read": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    const block = new Uint8Array(1 << 20);
    let written = 0;
    const writing = (async () => {
      for (; written < 64; written++) await ends.client.write(block);
    })().catch(() => {});
    const probe = ends.server.write(utf8("tick"));
    await Promise.all([probe, first(ends.client)]);
    expectThat(written < 64, "64 MiB were taken without a reader");
    await ends.client.close();
    await writing;
  },

  "leaving the reading loop closes the connection": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    await ends.client.write(utf8("x"));
    for await (const _ of ends.server) break;
    await expectCode(ends.server.write(utf8("x")), "ECLOSED");
    const end = await readAll(ends.client).then(
      () => "ended",
      (error: { code?: string }) => error.code,
    );
    expectThat(end === "ended" || end === "ECONNRESET", `the peer's reading is over: ${end}`);
  },

  "writing to a peer that closed fails in the end": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    await ends.server.close();
    const forever = async (): Promise<void> => {
      for (let sent = 0; sent < 4096; sent++) await ends.client.write(new Uint8Array(1 << 16));
    };
    await expectCode(forever(), "EPIPE", "ECONNRESET");
  },

  "closing fails a reader that waits, and calls after it": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    const reading = readAll(ends.client);
    await Promise.all([ends.client.close(), ends.client.close(), expectCode(reading, "ECLOSED")]);
    await expectCode(ends.client.write(utf8("x")), "ECLOSED");
    await ends.client.end();
  },

  "aborting a write closes the connection": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    const controller = new AbortController();
    const reason = new Error("stop");
    const writing = rejectionOf(ends.client.write(new Uint8Array(32 << 20), { signal: controller.signal }));
    controller.abort(reason);
    expectThat((await writing) === reason, "the reason comes back as it is");
    await expectCode(ends.client.write(utf8("x")), "ECLOSED");
  },

  "a connection is read once": async ({ net, address }) => {
    await using listener = await net.listen(address);
    await using ends = await pair(net, listener);
    await ends.client.end();
    await readAll(ends.server);
    await rejectionOf(readAll(ends.server));
  },
};

async function pair(net: Net, listener: Listener): Promise<Ends> {
  const client = await net.connect(listener.address);
  // `next` alone, not a loop: leaving a loop would close the listener.
  const next = await listener[Symbol.asyncIterator]().next();
  if (next.done) throw new Error("the listener closed");
  const server = next.value;
  return {
    client,
    server,
    [Symbol.asyncDispose]: async () => void (await Promise.all([client.close(), server.close()])),
  };
}

async function exchange(connection: Connection, texts: readonly string[]): Promise<Uint8Array> {
  const reading = readAll(connection);
  for (const text of texts) await connection.write(utf8(text));
  await connection.end();
  return reading;
}

async function readAll(connection: Connection): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of connection) parts.push(part);
  return concatBytes(parts);
}

async function first(connection: Connection): Promise<Uint8Array | undefined> {
  const next = await connection[Symbol.asyncIterator]().next();
  return next.done ? undefined : next.value;
}

async function count(listener: Listener): Promise<number> {
  let connections = 0;
  for await (const connection of listener) {
    connections += 1;
    await connection.close();
  }
  return connections;
}
