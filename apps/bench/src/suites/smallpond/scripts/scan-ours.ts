/** The benchmark `scan` as a script: opens a session, runs one query, ends. */
import { init } from "smallpond";
import { scanFrame } from "../scan.ts";

const [dataRoot, tiny, ...events] = process.argv.slice(2) as [string, string, ...string[]];
const sp = await init({ dataRoot });
const rows = await scanFrame(sp, { events, tiny, stores: "" }).takeAll();
console.log(`${rows.length} rows, ${Number(rows[0]?.events)} events`);
await sp.close();
