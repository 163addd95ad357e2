/** Prints how one job stands. */
import { formatBytes } from "@smallpond/base";
import type { FailedTask, JobBytes, JobSummary } from "smallpond/jobs";
import type { JobFlags } from "../commands/job/options.ts";
import { jsonText } from "../output/json-text.ts";
import { jobsOf } from "./open.ts";
import { durationText, shortId, timeText, writtenText } from "./text.ts";

export async function showStatus(reference: string, flags: JobFlags): Promise<void> {
  const jobs = jobsOf(flags);
  const job = await jobs.find(reference);
  const bytes = await jobs.bytes(job);
  const failed = await jobs.failedTasks(job);
  if (flags.json) {
    console.log(jsonText({ ...job, bytes, failedTasks: failed.map(failedSummary) }));
    return;
  }
  for (const [name, text] of lines(job, bytes)) console.log(`${name.padEnd(10)}${text}`);
  for (const task of failed) console.log(`\n${failedText(task)}`);
}

function lines(job: JobSummary, bytes: JobBytes): [string, string][] {
  const { status } = job;
  const all: [string, string][] = [
    ["job", `${job.id}${job.name === "" ? "" : ` (${job.name})`}`],
    ["state", stateText(job)],
    ["started", `${timeText(job.startedAt)} UTC, ${durationText(job.seconds)}`],
  ];
  if (status !== null) {
    const { counters, stage, error } = status;
    if (status.action !== null) all.push([job.state === "running" ? "action" : "last", status.action]);
    if (stage !== null) all.push(["stage", `${stage.id}: ${stage.name}, ${stage.done}/${stage.tasks} tasks`]);
    const failures = counters.attemptsFailed === 0 ? "" : `, ${counters.attemptsFailed} attempts failed`;
    all.push(["tasks", `${counters.tasksDone}/${counters.tasks} in ${counters.stages} stages${failures}`]);
    all.push(["written", writtenText(counters)]);
    if (error !== null) all.push(["error", error.message.replaceAll("\n", `\n${" ".repeat(10)}`)]);
  }
  all.push(["directory", `${job.directory}, ${formatBytes(bytes.total)}`]);
  if (bytes.staging > 0) all.push(["holds", heldText(job, bytes)]);
  return all;
}

function stateText(job: JobSummary): string {
  if (job.state === "died") return "died: it says that it runs, and its process is gone";
  return job.owner === null ? job.state : `${job.state}, process ${job.owner.pid} on ${job.owner.host}`;
}

function heldText(job: JobSummary, { staging }: JobBytes): string {
  const why =
    job.state === "running"
      ? "of finished stages"
      : `for its failed tasks; pond job rm ${shortId(job)} removes it`;
  return `${formatBytes(staging)} ${why}`;
}

function failedText(task: FailedTask): string {
  const rerun = "command" in task.rerun ? task.rerun.command : `not by itself: ${task.rerun.impossible}`;
  const [message = ""] = task.error.message.split("\n");
  const parts = [
    `failed task ${task.id}, ${task.attempts.length} attempts: ${message}`,
    `  step:  ${task.step}`,
    ...(task.at === null ? [] : [`  at:    ${task.at}`]),
    `  rerun: ${rerun}`,
  ];
  return parts.join("\n");
}

function failedSummary({ id, step, at, error, attempts, inputs, rerun }: FailedTask): object {
  return {
    id,
    step,
    at,
    error: { code: error.code ?? null, message: error.message },
    attempts,
    inputs,
    rerun,
  };
}
