/** `init()`: a session over this machine, which closes by itself when nobody closes it. */
import { NodeClock, NodeDisk, NodeRandom } from "@smallpond/base/platform/node";
import { refuseInFunctionModule } from "../functions/module-guard.ts";
import { environment } from "../platform/environment.ts";
import { thisMachine } from "../platform/machine.ts";
import { machineOwners } from "../platform/owners.ts";
import { beforeProcessEnds } from "../platform/process-end.ts";
import { canShowLine } from "../platform/progress-display.ts";
import { machineFiles } from "../platform/remote-clusters.ts";
import { type InitOptions, resolveSettings } from "./init-options.ts";
import { announceSession } from "./open-sessions.ts";
import { Session } from "./session.ts";

/**
 * Starts a session. Nothing is started besides DuckDB in this process; executors come with the first large job.
 *
 * @throws BAD_OPTION for an option or `SP_*` variable that is not understood, FUNCTION_MODULE_RUNS_JOB while an executor
 *   loads the module of a function.
 */
export async function init(options: InitOptions = {}): Promise<Session> {
  refuseInFunctionModule("init()");
  const clock = new NodeClock();
  const random = new NodeRandom();
  const files = machineFiles({ local: new NodeDisk(), clock, random });
  const { disk } = files;
  const machine = thisMachine();
  const settings = resolveSettings(options, {
    environment: environment(),
    machine,
    random,
    nowMs: clock.wallMs(),
  });
  const remote = { stage: files.stage, close: () => files.clusters.close() };
  const session = await Session.open({ clock, random, disk, owners: machineOwners(), remote }, settings);
  // A session that nobody closes is closed when the process has nothing left to do.
  session.onClose(beforeProcessEnds(() => session.close()));
  if (settings.progress === "lines") session.showProgress("lines");
  else if (settings.progress && canShowLine()) session.showProgress("line");
  announceSession(session);
  return session;
}
