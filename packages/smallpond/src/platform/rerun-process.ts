/** A process for one task that failed before, with what that task had. */
import { type Clock, PondError } from "@smallpond/base";
import { RateLimiter } from "../execution/rate-limiter.ts";
import type { TaskRunner } from "../execution/runner.ts";
import type { TaskLimits, TaskRequest } from "../execution/task.ts";
import type { FailedTask } from "../storage/failed-task.ts";
import { ProcessRunner } from "./process-runner.ts";

export function rerunProcess(
  clock: Clock,
  failed: FailedTask,
  limits: TaskLimits,
  tempDirectory: string,
): TaskRunner {
  const { timeZone, directory } = failed.settings;
  enter(directory);
  const { threads, memoryBytes } = limits;
  // What functions print is no result of this command.
  const output = (_stream: unknown, bytes: Uint8Array): void => void process.stderr.write(bytes);
  return new ProcessRunner(
    { clock, output, permits: new RateLimiter(clock), home: nobodysHome(limits) },
    { slots: 1, threads, memoryBytes, tempDirectory, timeZone },
  );
}

/** The task's paths start where its script was started; this process does nothing else. */
function enter(directory: string): void {
  try {
    process.chdir(directory);
  } catch (cause) {
    throw new PondError("DIRECTORY_GONE", {
      kind: "unavailable",
      message: `the job was started in ${directory}, which is not there any more`,
      details: { path: directory },
      hint: "the paths of its files may start there; make it again, or run the script again",
      cause,
    });
  }
}

/** There is no session whose process a task could run in. */
function nobodysHome(limits: TaskLimits): TaskRunner {
  const close = (): Promise<void> => Promise.resolve();
  return {
    slots: 0,
    ...limits,
    run: (request: TaskRequest) => Promise.reject(new Error(`${request.label} needs its session's process`)),
    close,
    [Symbol.asyncDispose]: close,
  };
}
