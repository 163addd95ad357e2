/** The other end of the ping-pong, until its standard input ends: `pong.js <socket> <microseconds of polling>`. */
import { adoptEvent, adoptSharedMemory, connectDescriptors } from "@smallpond/fs-native";
import { ends } from "../ping-pong-ends.ts";

const [path, poll] = process.argv.slice(2);
const channel = await connectDescriptors(path!);
const message = await channel.receive();
const [memory, there, back] = message!.descriptors.map((descriptor) => descriptor.take());
const shared = await adoptSharedMemory(memory!, { writable: true });
const { pong } = ends(shared.region.buffer, {
  there: adoptEvent(there!),
  back: adoptEvent(back!),
  pollMicroseconds: Number(poll),
});
process.stdin.on("end", () => process.exit(0)).resume();
for (;;) await pong();
