/** Serves the network benchmarks until its standard input ends: `net-server.js native|portable <socket path or "tcp">`. */
import { openBufferPool } from "@smallpond/fs-native";
import { type NetKind, netOf, serve } from "../net-work.ts";

const [kind, place] = process.argv.slice(2) as [NetKind, string];
const asked =
  place === "tcp"
    ? ({ kind: "tcp", host: "127.0.0.1", port: 0 } as const)
    : ({ kind: "unix", path: place } as const);
const address = await serve(netOf(kind), asked, openBufferPool());
console.log(JSON.stringify(address));
process.stdin.on("end", () => process.exit(0)).resume();
