/** The smallest job: opens a session, counts the rows of a small file, ends. */
import { init } from "smallpond";

const [dataRoot, file] = process.argv.slice(2) as [string, string];
const sp = await init({ dataRoot });
console.log(`${await sp.readParquet(file).count()} rows`);
await sp.close();
