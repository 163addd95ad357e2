/**
 * Entry of a process of the file system's mind: {@link ServeMindSettings}. The line it prints has its addresses, and which
 * life of which node it is. See `service-main.ts`.
 */
import { type ServedMind, type ServeMindSettings, serveMind } from "./serve-mind.ts";
import { type MainSettings, serviceMain } from "./service-main.ts";

await serviceMain<ServeMindSettings & MainSettings, ServedMind>({
  start: (settings, writeLog) => serveMind(settings, writeLog === undefined ? {} : { writeLog }),
  async ready(served, { node }) {
    await served.node.ready;
    const { address, incarnation } = served.node;
    return { address, admin: served.adminAddress, node, incarnation };
  },
});
