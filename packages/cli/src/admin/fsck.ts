/** `pond fs fsck`: has the metadata checked, and mended where nothing can be lost by it. */
import { checkOverRpc } from "@smallpond/fs-core";
import { EXIT_FAILURE } from "../output/exit-codes.ts";
import { jsonText } from "../output/json-text.ts";
import { type AdminFlags, withAdmin } from "./with-admin.ts";

/** Exits with 1 if anything is wrong afterwards. */
export async function fsck(flags: AdminFlags & { readonly repair?: boolean }): Promise<void> {
  await withAdmin(flags, async ({ meta }) => {
    let left = 0;
    for await (const event of checkOverRpc(meta, { repair: flags.repair === true })) {
      if (event.kind === "progress" && process.stderr.isTTY) {
        process.stderr.write(`\r\x1b[Klook ${event.look}: ${event.rows} rows`);
      }
      if (event.kind === "findings") {
        for (const { severity, code, subject, detail, repair } of event.findings) {
          if (repair !== "repaired") left += 1;
          const found = { severity, code, subject, detail, repair };
          console.log(
            flags.json === true ? jsonText(found) : `${severity}: ${subject}: ${detail} (${code}, ${repair})`,
          );
        }
      }
      if (event.kind === "done" && flags.json !== true) {
        if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
        console.log(left === 0 ? "the metadata is sound" : `${left} things are wrong`);
      }
    }
    if (left > 0) process.exitCode = EXIT_FAILURE;
  });
}
