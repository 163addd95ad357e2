import { fstatSync } from "node:fs";
import { SeededRandom } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import {
  adoptEvent,
  BellPush,
  createEvent,
  createSealedMemory,
  type DescriptorChannel,
  Doorbell,
  listenForDescriptors,
} from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { coreAddon } from "../../src/platform/core-addon.ts";
import { startChild } from "../child.ts";
import { failureOf } from "../failure.ts";
import { missingNative } from "../missing-native.ts";
import { pause } from "./pause.ts";
import { RING_BYTES, Ring } from "./ring.ts";

const MISSING = missingNative("eventOpen");
const ROUND_TRIPS = 10_000;
const MESSAGES = 60_000;

describe.skipIf(MISSING !== undefined)(`events${MISSING ?? ""}`, () => {
  test("signals add up until somebody waits, and wake whoever waits already", async () => {
    await using event = createEvent();
    event.signal();
    event.signal();
    await event.wait();
    const waiting = event.wait();
    event.signal();
    await waiting;
    const controller = new AbortController();
    const given = failureOf(event.wait({ signal: controller.signal }));
    controller.abort(new Error("stop"));
    expect(await given).toMatchObject({ message: "stop" });
    event.signal();
    await event.wait();
  });

  test("one caller waits at a time, and closing fails it", async () => {
    const event = createEvent();
    const waiting = failureOf(event.wait());
    expect(await failureOf(event.wait())).toMatchObject({ name: "InvariantError" });
    await event.close();
    expect(await waiting).toMatchObject({ code: "ECLOSED", kind: "closed" });
    expect(() => event.signal()).toThrow("a closed descriptor");
  });

  test("the producer signals only when the consumer sleeps", async () => {
    let signals = 0;
    await using event = createEvent();
    const counted = {
      ...event,
      signal: () => {
        signals++;
        event.signal();
      },
    };
    const words = new Int32Array(2);
    const push = new BellPush({ words, index: 1 }, counted);
    const bell = new Doorbell({ words, index: 1 }, event, { pollMicroseconds: 0 });
    for (let i = 0; i < 100; i++) push.ring();
    expect(signals).toBe(0);
    const waiting = bell.wait(() => Atomics.load(words, 0) === 1);
    while (Atomics.load(words, 1) === 0) await new Promise((resolve) => setImmediate(resolve));
    Atomics.store(words, 0, 1);
    for (let i = 0; i < 100; i++) push.ring();
    await waiting;
    expect(signals).toBe(1);
    // Woken for nothing, it sleeps on.
    Atomics.store(words, 0, 0);
    event.signal();
    const again = bell.wait(() => Atomics.load(words, 0) === 1);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    Atomics.store(words, 0, 1);
    push.ring();
    await again;
    expect(Atomics.load(words, 1)).toBe(0);
  });
});

describe.skipIf(MISSING !== undefined).each([0, 50])(
  "two processes, polling for %i µs",
  (pollMicroseconds) => {
    test("lose no wake-up, whoever is ahead, and need no time of the processor when idle", async () => {
      await using directory = await new NodeDisk().tempDirectory();
      const path = `${directory.path}/socket`;
      await using listener = listenForDescriptors(path);
      const child = startChild(new URL("./echo.ts", import.meta.url), [path, String(pollMicroseconds)]);
      const next = await listener[Symbol.asyncIterator]().next();
      await using channel = next.value as DescriptorChannel;
      using memory = await createSealedMemory({ bytes: 2 * RING_BYTES });
      const events = Array.from({ length: 4 }, () => createEvent());
      await channel.send(Uint8Array.of(1), [memory.descriptor, ...events.map((event) => event.descriptor)]);
      const { buffer } = memory.region;
      const [a, b, c, d] = events;
      const there = new Ring({ buffer, offset: 0, filled: a!, emptied: b! }, { pollMicroseconds });
      const back = new Ring({ buffer, offset: RING_BYTES, filled: c!, emptied: d! }, { pollMicroseconds });
      const random = new SeededRandom(1);

      for (let i = 0; i < ROUND_TRIPS; i++) {
        await there.put(i);
        if ((await back.take()) !== i) throw new Error(`round trip ${i} came back as another`);
      }
      const putting = (async () => {
        for (let i = 0; i < MESSAGES; i++) {
          await there.put(i);
          await pause(random);
        }
        await there.put(-1);
      })();
      for (let i = 0; i < MESSAGES; i++) {
        if ((await back.take()) !== i) throw new Error(`message ${i} is lost`);
      }
      expect(await back.take()).toBe(-1);
      await putting;

      const busyMs = Number((await child.ended).stdout);
      expect(busyMs).toBeGreaterThanOrEqual(0);
      expect(busyMs).toBeLessThan(100);
      await Promise.all(events.map((event) => event.close()));
    });
  },
);

test.skipIf(MISSING !== undefined)("a descriptor that is no event is not taken for one", async () => {
  const core = coreAddon();
  if (core.kind === "missing") throw new Error(core.reason);
  const file = core.addon.fdOpen("/dev/null", 2, 0);
  expect(() => adoptEvent(file)).toThrow("it is no eventfd");
  expect(() => fstatSync(file)).toThrow("EBADF");
});
