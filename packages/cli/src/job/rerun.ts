/** Runs one failed task again and prints what came of it. */
import { resolve } from "node:path";
import { formatBytes } from "@smallpond/base";
import { type FailedTask, type RerunResult, rerun } from "smallpond/jobs";
import type { RerunFlags } from "../commands/job/rerun.ts";
import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";
import { jsonText } from "../output/json-text.ts";
import { jobsOf } from "./open.ts";
import { countText, durationText } from "./text.ts";

export async function rerunTask(reference: string, id: string, flags: RerunFlags): Promise<void> {
  const jobs = jobsOf(flags);
  const task = await jobs.failedTask(await jobs.find(reference), id);
  if (flags.sql) {
    console.log(task.request.task.query);
    return;
  }
  const interrupt = new AbortController();
  process.on("SIGINT", () => {
    if (interrupt.signal.aborted) process.exit(EXIT_INTERRUPTED);
    interrupt.abort(new Error("interrupted"));
  });
  try {
    const result = await rerun(task, {
      signal: interrupt.signal,
      ...(flags.keep === undefined ? {} : { keep: resolve(flags.keep) }),
      ...(flags.threads === undefined ? {} : { threads: flags.threads }),
      ...(flags.memory === undefined ? {} : { memoryBytes: flags.memory }),
    });
    print(task, result, flags);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = EXIT_INTERRUPTED;
  }
}

function print(task: FailedTask, result: RerunResult, flags: RerunFlags): void {
  const { engine } = task.settings;
  if (engine !== result.engine) console.error(`${engine} ran it before, this is ${result.engine}`);
  if (flags.json) {
    console.log(jsonText({ task: task.id, ...result }));
    return;
  }
  const { rows, bytes, seconds, peakMemoryBytes, files } = result;
  const memory = formatBytes(peakMemoryBytes);
  console.log(
    `${countText(rows)} rows, ${formatBytes(bytes)}, ${durationText(seconds)}, ${memory} of memory`,
  );
  for (const file of files) console.log(file.path);
}
