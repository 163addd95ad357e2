/**
 * Entry of a storage service's process: {@link ServeStorageSettings}. The line it prints has its address, and which life of
 * which node it is. See `service-main.ts`.
 */
import { type ServedStorage, type ServeStorageSettings, serveStorage } from "./serve-storage.ts";
import { type MainSettings, serviceMain } from "./service-main.ts";

await serviceMain<ServeStorageSettings & MainSettings, ServedStorage>({
  start: (settings, writeLog) => serveStorage(settings, writeLog === undefined ? {} : { writeLog }),
  async ready({ node: { address, incarnation }, adminAddress }, { node }) {
    return { address, admin: adminAddress, node, incarnation };
  },
});
