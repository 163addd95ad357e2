/** Prints a job's log, and goes on while it is written. */
import { type LogLine, logOf } from "smallpond/jobs";
import type { LogFlags } from "../commands/job/logs.ts";
import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";
import { onReaderGone, writeOut } from "../output/write-out.ts";
import { jobsOf } from "./open.ts";
import { countText, durationText } from "./text.ts";

export async function showLog(reference: string, flags: LogFlags): Promise<void> {
  onReaderGone();
  const jobs = jobsOf(flags);
  const job = await jobs.find(reference);
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort());
  const { level, follow = false } = flags;
  const text = flags.json ? JSON.stringify : lineText;
  for await (const lines of logOf(jobs, job, { level, follow, signal: interrupt.signal })) {
    await writeOut(lines.map((line) => `${text(line)}\n`).join(""));
  }
  if (interrupt.signal.aborted) process.exitCode = EXIT_INTERRUPTED;
}

function lineText(line: LogLine): string {
  const place =
    line.stage === undefined
      ? ""
      : `  stage ${line.stage}${line.task === undefined ? "" : `, task ${line.task}`}`;
  const figures = [
    line.stage === undefined ? line.action : undefined,
    line.attempt === undefined || line.attempt === 0 ? undefined : `attempt ${line.attempt}`,
    line.tasks === undefined ? undefined : `${countText(line.tasks)} tasks`,
    line.rows === undefined ? undefined : `${countText(line.rows)} rows`,
    line.bytes === undefined ? undefined : `${countText(line.bytes)} bytes`,
    line.seconds === undefined ? undefined : durationText(line.seconds),
    line.message?.replaceAll("\n", "\n    "),
  ].filter((part) => part !== undefined);
  return `${line.time.slice(11, 23)}  ${line.level.padEnd(5)}  ${line.event}${place}${figures.length === 0 ? "" : `  ${figures.join(", ")}`}`;
}
