/** Serves the fabric benchmarks until its standard input ends: `fabric-server.js <provider> <host>`. */
import { toHex } from "@smallpond/base";
import { openBufferPool, openFabric } from "@smallpond/fs-native";
import { runFabricPartner } from "@smallpond/fs-native/testing";

const [provider, host] = process.argv.slice(2) as [string, string];
const pool = openBufferPool();
const endpoint = await openFabric(pool, { provider, host });
console.log(toHex(endpoint.address));
process.stdin.on("end", () => process.exit(0)).resume();
await runFabricPartner(endpoint, pool);
