/** Sends the file at a path over the channel at another, and ends: `send-file.ts <socket> <file>`. */
import { openSync } from "node:fs";
import { connectDescriptors } from "@smallpond/fs-native";

const [socket, file] = process.argv.slice(2);
await using channel = await connectDescriptors(socket!);
await channel.send(new TextEncoder().encode("a file"), [openSync(file!, "r")]);
