/**
 * Takes numbers from one ring and puts them into another, until it gets -1. Then it waits, which must cost no time of the
 * processor, until its parent goes: `echo.ts <socket> <microseconds of polling>`.
 */
import { SeededRandom } from "@smallpond/base";
import { adoptEvent, adoptSharedMemory, connectDescriptors } from "@smallpond/fs-native";
import { pause } from "./pause.ts";
import { RING_BYTES, Ring } from "./ring.ts";

const [socket, poll] = process.argv.slice(2);
const settings = { pollMicroseconds: Number(poll) };
await using channel = await connectDescriptors(socket!);
using message = await channel.receive();
const [memory, ...events] = message!.descriptors.map((descriptor) => descriptor.take());
using shared = await adoptSharedMemory(memory!, { writable: true });
const { buffer } = shared.region;
const [a, b, c, d] = events.map((fd) => adoptEvent(fd));
const there = new Ring({ buffer, offset: 0, filled: a!, emptied: b! }, settings);
const back = new Ring({ buffer, offset: RING_BYTES, filled: c!, emptied: d! }, settings);
const random = new SeededRandom(2);

for (;;) {
  const value = await there.take();
  await back.put(value);
  if (value === -1) break;
  await pause(random);
}
const controller = new AbortController();
const waiting = there.take({ signal: controller.signal }).catch(() => {});
// Compiling and collecting go on for a while.
await new Promise((resolve) => setTimeout(resolve, 300));
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 1_000));
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1_000);
controller.abort();
await waiting;
