/** Greets whoever connects with one byte, until they leave: `serve-few.ts native|portable`. */
import { openLeasedNet } from "@smallpond/fs-native";

const net = openLeasedNet({ engine: process.argv[2] as "native" | "portable" });
await using listener = await net.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
console.log(JSON.stringify(listener.address));
process.stdin.on("end", () => process.exit(0)).resume();
for await (const connection of listener) {
  void (async () => {
    await connection.write(Uint8Array.of(1));
    await connection.fill(1);
    await connection.close();
  })();
}
