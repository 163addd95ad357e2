/** Prints its address and serves until its standard input ends: when the test is gone, this goes too. */
import { toHex } from "@smallpond/base";
import { openBufferPool, openFabric } from "@smallpond/fs-native";
import { runFabricPartner } from "@smallpond/fs-native/testing";

const pool = openBufferPool();
const endpoint = await openFabric(pool, { provider: process.argv[2], host: process.argv[3] });
process.stdin.resume().once("end", () => process.exit());
console.log(toHex(endpoint.address));
await runFabricPartner(endpoint, pool);
