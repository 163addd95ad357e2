/** Receives more descriptors than it may open, then none: says what came of both. */
import { readdirSync } from "node:fs";
import { createEvent, descriptorPair } from "@smallpond/fs-native";

const [near, far] = descriptorPair();
await using event = createEvent();
const before = readdirSync("/proc/self/fd").length;
await near.send(Uint8Array.of(1), Array(60).fill(event.descriptor) as number[]);
await near.send(new TextEncoder().encode("after"));
const code = await far.receive().then(
  () => "received",
  (error: { code: string }) => error.code,
);
using message = await far.receive();
if (readdirSync("/proc/self/fd").length !== before) throw new Error("descriptors were left open");
console.log(`${code} then ${new TextDecoder().decode(message?.bytes)}`);
await Promise.all([near.close(), far.close()]);
