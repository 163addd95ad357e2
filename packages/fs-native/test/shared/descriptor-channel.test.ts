import { closeSync, openSync, readdirSync, readSync, writeFileSync } from "node:fs";
import { NodeDisk } from "@smallpond/base/platform/node";
import {
  adoptEvent,
  connectDescriptors,
  createEvent,
  type DescriptorChannel,
  descriptorPair,
  listenForDescriptors,
} from "@smallpond/fs-native";
import { afterEach, describe, expect, test } from "vitest";
import { startChild } from "../child.ts";
import { failureOf } from "../failure.ts";
import { missingNative } from "../missing-native.ts";

const MISSING = missingNative("sendMessage");
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const bytesOf = (words: string): Uint8Array => new TextEncoder().encode(words);
const opened = (): number => readdirSync("/proc/self/fd").length;

const channels: DescriptorChannel[] = [];

function pair(): readonly [DescriptorChannel, DescriptorChannel] {
  const made = descriptorPair();
  channels.push(...made);
  return made;
}

afterEach(async () => {
  await Promise.all(channels.splice(0).map((channel) => channel.close()));
});

describe.skipIf(MISSING !== undefined)(`descriptors${MISSING ?? ""}`, () => {
  test("a file gets to another process that listens at a path", async () => {
    await using directory = await new NodeDisk().tempDirectory();
    writeFileSync(`${directory.path}/file`, "what it says");
    const path = `${directory.path}/socket`;
    await using listener = listenForDescriptors(path);
    const child = startChild(new URL("./send-file.ts", import.meta.url), [path, `${directory.path}/file`]);
    const next = await listener[Symbol.asyncIterator]().next();
    await using channel = next.value as DescriptorChannel;
    expect(channel.peer).toEqual({
      process: child.process.pid,
      user: process.geteuid!(),
      group: process.getegid!(),
    });
    using message = await channel.receive();
    expect(text(message?.bytes)).toBe("a file");
    const buffer = new Uint8Array(100);
    const count = readSync(message!.descriptors[0]!.fd, buffer, 0, 100, 0);
    expect(text(buffer.subarray(0, count))).toBe("what it says");
    expect(await channel.receive()).toBeUndefined();
    expect(await child.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("messages keep their borders, their order and their descriptors", async () => {
    const [near, far] = pair();
    const file = openSync("/dev/null", "r");
    const before = opened();
    const sizes = [0, 3, 253, 1, 0];
    for (const [i, size] of sizes.entries())
      await near.send(Uint8Array.of(i), Array(size).fill(file) as number[]);
    for (const [i, size] of sizes.entries()) {
      using message = await far.receive();
      expect(message?.bytes).toEqual(Uint8Array.of(i));
      expect(message?.descriptors.length).toBe(size);
      expect(opened()).toBe(before + size);
    }
    expect(opened()).toBe(before);
    closeSync(file);
  });

  test("a descriptor that is taken outlives its message", async () => {
    const [near, far] = pair();
    await using event = createEvent();
    await near.send(bytesOf("event"), [event.descriptor, event.descriptor]);
    const message = await far.receive();
    await using same = adoptEvent(message!.descriptors[0]!.take());
    const untaken = message!.descriptors[1]!;
    message![Symbol.dispose]();
    expect(() => untaken.fd).toThrow("closed or taken");
    const waiting = same.wait();
    event.signal();
    await waiting;
  });

  test("whoever waits gets the next message, or is told of the end", async () => {
    const [near, far] = pair();
    const receiving = far.receive();
    await near.send(bytesOf("one"));
    using message = await receiving;
    expect(text(message?.bytes)).toBe("one");
    const ending = far.receive();
    await near.close();
    expect(await ending).toBeUndefined();
    expect(await failureOf(far.send(bytesOf("two")))).toMatchObject({
      code: "EPIPE",
      kind: "unknown-outcome",
    });
    expect(await failureOf(near.send(bytesOf("two")))).toMatchObject({ code: "ECLOSED" });
    expect(await failureOf(near.receive())).toMatchObject({ code: "ECLOSED" });
  });

  test("closing fails whoever waits", async () => {
    const [near] = pair();
    const receiving = failureOf(near.receive());
    await near.close();
    expect(await receiving).toMatchObject({ code: "ECLOSED", kind: "closed" });
  });

  test("descriptors of messages that nobody received are closed", async () => {
    const before = opened();
    const [near, far] = descriptorPair();
    await using event = createEvent();
    for (let i = 0; i < 10; i++) await near.send(Uint8Array.of(i), [event.descriptor]);
    await Promise.all([near.close(), far.close()]);
    expect(opened()).toBe(before + 1);
  });

  test("too many, too long, none at all, and descriptors that are not open are refused", async () => {
    const [near, far] = pair();
    const invalid = { code: "EINVAL", kind: "invalid" };
    expect(await failureOf(near.send(Uint8Array.of(1), Array(254).fill(0) as number[]))).toMatchObject(
      invalid,
    );
    expect(await failureOf(near.send(new Uint8Array(4_097)))).toMatchObject(invalid);
    expect(await failureOf(near.send(new Uint8Array(0)))).toMatchObject(invalid);
    expect(await failureOf(near.send(Uint8Array.of(1), [1_000_000]))).toMatchObject({ code: "EBADF" });
    await near.send(Uint8Array.of(1));
    using message = await far.receive();
    expect(message?.bytes).toEqual(Uint8Array.of(1));
  });

  test("a peer that does not read makes senders wait, then refuses them; one that reads lets them go on", async () => {
    const [near, far] = pair();
    const sent: Promise<void>[] = [];
    let refusal: unknown;
    while (refusal === undefined && sent.length < 100_000) {
      const sending = near.send(Uint8Array.of(sent.length & 0xff));
      sent.push(sending);
      sending.catch((error: unknown) => {
        refusal = error;
      });
      await Promise.resolve();
    }
    expect(refusal).toMatchObject({ code: "EQUEUEFULL", kind: "retry" });
    const controller = new AbortController();
    const count = sent.length - 1;
    for (let i = 0; i < count; i++) {
      using message = await far.receive();
      expect(message?.bytes[0]).toBe(i & 0xff);
    }
    await Promise.all(sent.slice(0, count));
    const receiving = failureOf(far.receive({ signal: controller.signal }));
    controller.abort(new Error("stop"));
    expect(await receiving).toMatchObject({ message: "stop" });
    await near.send(Uint8Array.of(5));
    using message = await far.receive();
    expect(message?.bytes[0]).toBe(5);
  });

  test("a receiver that may open no more loses the message, none of its descriptors, and not the channel", async () => {
    const limited = ["sh", "-ec", 'ulimit -n 64; exec "$@"', "sh"];
    const child = startChild(new URL("./receive-too-many.ts", import.meta.url), [], { before: limited });
    expect(await child.ended).toEqual({ code: 0, signal: null, stdout: "EMFILE then after\n", stderr: "" });
  });

  test("paths: nobody there, taken, too long", async () => {
    await using directory = await new NodeDisk().tempDirectory();
    const path = `${directory.path}/socket`;
    expect(await failureOf(connectDescriptors(path))).toMatchObject({ code: "ENOENT", kind: "unavailable" });
    await using _listener = listenForDescriptors(path);
    expect(() => listenForDescriptors(path)).toThrow("the path is in use");
    expect(() => listenForDescriptors(`${path}${"x".repeat(100)}`)).toThrow("at most 107 bytes");
    await using _channel = await connectDescriptors(path);
  });
});
