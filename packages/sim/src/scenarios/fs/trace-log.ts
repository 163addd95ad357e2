/** What programs warn of, in the trace of the run. */
import { Logger } from "@smallpond/fs-core";
import type { Seams } from "../../world/process.ts";

export function traceLog({ clock, lifetime }: Pick<Seams, "clock" | "lifetime">): Logger {
  return new Logger(
    {
      clock,
      sink: ({ event, fields }) =>
        lifetime.note(
          `warns: ${event} ${Object.entries(fields)
            .map(([name, value]) => `${name}=${String(value)}`)
            .join(" ")}`,
        ),
    },
    { level: "warn" },
  );
}
