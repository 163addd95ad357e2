/**
 * Entry of a process of the file system's mind. Its only argument is {@link ServeMindSettings} as JSON. When it serves
 * it prints one line of JSON, its addresses and which life of which node it is; it ends well on SIGTERM and SIGINT and
 * when its supervisor is gone, and with 70 when something broke that must not.
 */
import { formatError } from "@smallpond/base";
import { endWithParent } from "../processes/end-with-parent.ts";
import { type ServedMind, type ServeMindSettings, serveMind } from "./serve-mind.ts";

/** EX_SOFTWARE of sysexits.h. */
const BROKEN = 70;

const settings = JSON.parse(process.argv[2] ?? "{}") as ServeMindSettings;
const served = await serveMind(settings).catch((error: unknown) => end(error));
served.failure.catch((error: unknown) => end(error));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void leave(served));
endWithParent(() => void leave(served));
await served.node.ready;
const { address, incarnation } = served.node;
console.log(JSON.stringify({ address, admin: served.adminAddress, node: settings.node, incarnation }));

async function leave({ close }: ServedMind): Promise<void> {
  await close();
  process.exit(0);
}

function end(error: unknown): never {
  console.error(formatError(error));
  process.exit(BROKEN);
}
