/** What the simulated network does to those who trust it too much. */
import { type Connection, concatBytes, isPondError, SeededRandom } from "@smallpond/base";
import { type DatagramSocket, FrameMangler, type Seams, SimWorld } from "@smallpond/sim";
import { describe, expect, test } from "vitest";

const PORT = 9;
const ADDRESS = { kind: "tcp", host: "b", port: PORT } as const;

interface Pair {
  readonly world: SimWorld;
  readonly a: Seams;
  readonly client: Connection;
  readonly server: Connection;
}

/** A connection from machine `a` to machine `b`. */
async function joined(body: (pair: Pair) => Promise<void>, giveUpMs = 5000): Promise<void> {
  const world = new SimWorld(1, { fabric: { giveUpMs } });
  const accepted = new Promise<Connection>((resolve) => {
    world.addMachine("b").run("server", async ({ net }) => {
      const listener = await net.listen(ADDRESS);
      for await (const connection of listener) resolve(connection);
    });
  });
  const connected = new Promise<{ a: Seams; client: Connection }>((resolve) => {
    world.addMachine("a").run("client", async (a) => {
      await a.clock.sleep(10);
      resolve({ a, client: await a.net.connect(ADDRESS) });
      await new Promise(() => {});
    });
  });
  await world.run(async () => {
    const [server, { a, client }] = await Promise.all([accepted, connected]);
    await body({ world, a, client, server });
  });
}

/** Collects what arrives, and how it ends. */
function listen(connection: Connection): { readonly bytes: () => Uint8Array; readonly end: Promise<string> } {
  const parts: Uint8Array[] = [];
  const end = (async () => {
    try {
      for await (const part of connection) parts.push(part);
      return "ended";
    } catch (error) {
      return isPondError(error) ? error.code : String(error);
    }
  })();
  return { bytes: () => concatBytes(parts), end };
}

describe("a partition", () => {
  test("holds bytes back until it is mended, without a word", async () => {
    await joined(async ({ world, client, server }) => {
      const heard = listen(server);
      world.fabric.cut({ from: "a", to: "b" });
      await client.write(Uint8Array.of(1, 2, 3));
      await world.sleep(2000);
      expect(heard.bytes()).toHaveLength(0);
      world.fabric.mend({ from: "a", to: "b" });
      await world.sleep(2000);
      expect(heard.bytes()).toEqual(Uint8Array.of(1, 2, 3));
    });
  });

  test("in one direction lets the other be heard", async () => {
    await joined(async ({ world, client, server }) => {
      const [atServer, atClient] = [listen(server), listen(client)];
      world.fabric.cut({ from: "a", to: "b" });
      await client.write(Uint8Array.of(1));
      await server.write(Uint8Array.of(2));
      await world.sleep(1000);
      expect([atServer.bytes().length, atClient.bytes().length]).toEqual([0, 1]);
    });
  });

  test("that lasts ends the sender's connection with ETIMEDOUT and leaves the other half open", async () => {
    await joined(async ({ world, client, server }) => {
      const [atServer, atClient] = [listen(server), listen(client)];
      world.fabric.cut({ from: "a", to: "b" });
      await client.write(Uint8Array.of(1));
      expect(await atClient.end).toBe("ETIMEDOUT");
      const state = await Promise.race([atServer.end, world.sleep(60_000).then(() => "silence")]);
      expect(state).toBe("silence");
    });
  });

  test("keeps new connections from being made", async () => {
    await joined(async ({ world, a }) => {
      world.fabric.cut({ from: "b", to: "a" });
      await expect(a.net.connect(ADDRESS)).rejects.toMatchObject({ code: "ETIMEDOUT" });
    });
  });
});

describe("the other end", () => {
  test("when killed says so, when it lost power does not", async () => {
    await joined(async ({ world, client }) => {
      const heard = listen(client);
      world.machine("b").processes[0]!.kill();
      await world.sleep(100);
      expect(["ended", "ECONNRESET"]).toContain(await heard.end);
    });
    await joined(async ({ world, client }) => {
      const heard = listen(client);
      world.machine("b").powerOff();
      const state = await Promise.race([heard.end, world.sleep(60_000).then(() => "silence")]);
      expect(state).toBe("silence");
    });
  });

  test("when it comes back from a reboot resets what it does not know", async () => {
    await joined(async ({ world, client }) => {
      const heard = listen(client);
      world.machine("b").powerOff();
      world.machine("b").powerOn();
      await client.write(Uint8Array.of(1));
      expect(await heard.end).toBe("ECONNRESET");
    });
  });
});

test("a slow link takes as long as its bytes need, and loss only delays a stream", async () => {
  await joined(async ({ world, client, server }) => {
    const heard = listen(server);
    const route = { from: "a", to: "b" };
    world.fabric.setLink(route, { bytesPerMs: 1 });
    await client.write(new Uint8Array(1000));
    await world.sleep(900);
    expect(heard.bytes()).toHaveLength(0);
    await world.sleep(200);
    expect(heard.bytes()).toHaveLength(1000);
    world.fabric.setLink(route, { bytesPerMs: 1e6, lossShare: 0.5 });
    for (let index = 0; index < 50; index++) await client.write(Uint8Array.of(index));
    await world.sleep(100_000);
    expect(heard.bytes().slice(1000)).toEqual(Uint8Array.from({ length: 50 }, (_, index) => index));
  });
});

test("messages inside a stream are lost, doubled and overtaken as whole frames", () => {
  const faults = {
    frameBytes: (bytes: Uint8Array) => bytes[0],
    lossShare: 0.2,
    duplicateShare: 0.2,
    reorderShare: 0.2,
  };
  const mangler = new FrameMangler({ random: new SeededRandom(5) });
  const sent = Array.from({ length: 200 }, (_, index) => Uint8Array.of(3, index, 255 - index));
  const all = concatBytes(sent);
  const got: number[] = [];
  const read = (parts: readonly Uint8Array[]): void => {
    for (const part of parts) {
      expect([part.length, part[0], part[1]! + part[2]!]).toEqual([3, 3, 255]);
      got.push(part[1]!);
    }
  };
  for (let at = 0; at < all.length; at += 7) read(mangler.push(all.subarray(at, at + 7), faults));
  read(mangler.flush());
  const counts = sent.map((_, index) => got.filter((each) => each === index).length);
  expect(new Set(counts)).toEqual(new Set([0, 1, 2]));
  expect(got.some((each, index) => index > 0 && each < got[index - 1]!)).toBe(true);
});

describe("datagrams", () => {
  async function exchange(settings: object): Promise<readonly number[]> {
    const world = new SimWorld(7);
    const got: number[] = [];
    world.addMachine("b").run("server", async ({ datagrams }) => {
      const socket: DatagramSocket = datagrams.bind(PORT);
      for await (const { bytes, from } of socket) {
        expect(from).toEqual({ host: "a", port: 1 });
        got.push(bytes[0]!);
      }
    });
    world.addMachine("a").run("client", async ({ clock, datagrams }) => {
      await clock.sleep(1);
      const socket = datagrams.bind(1);
      for (let index = 0; index < 100; index++) {
        socket.send({ host: "b", port: PORT }, Uint8Array.of(index));
        await clock.sleep(0.1);
      }
      await new Promise(() => {});
    });
    await world.run(async () => {
      world.fabric.setLink({ from: "a", to: "b" }, settings);
      await world.sleep(5000);
    });
    return got;
  }

  test("arrive on a good network", async () => {
    expect([...(await exchange({ jitterMs: 0 }))].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
  });

  test("are lost, doubled and overtaken on a bad one", async () => {
    const got = await exchange({ lossShare: 0.2, duplicateShare: 0.3, jitterMs: 5 });
    expect(new Set(got).size).toBeLessThan(100);
    expect(got.length).toBeGreaterThan(new Set(got).size);
    expect(got).not.toEqual([...got].sort((a, b) => a - b));
  });
});
