/**
 * Where things are in a job's directory. One table, for those who write them and those who look later. What only programs of
 * this machine can use is on it, also where the directory is not.
 */

export interface JobFiles {
  readonly root: string;
  /** The resolved options, and what ran it: engine, Node.js, command line, host. */
  readonly settings: string;
  /** One JSON object per line; older lines are in `job.1.jsonl`, `job.2.jsonl` …, the oldest in the last. */
  readonly log: string;
  readonly graph: string;
  readonly timeline: string;
  readonly status: string;
  readonly report: string;
  /** One file per task that failed for good. */
  readonly failed: string;
  /** Bundles of functions. */
  readonly functions: string;
  /** Results of finished stages. */
  readonly staging: string;
  /** What engines spill. */
  readonly temp: string;
}

export function jobFiles(root: string, local: string = root): JobFiles {
  return {
    root,
    settings: `${root}/config/settings.json`,
    log: `${root}/log/job.jsonl`,
    graph: `${root}/log/graph.mmd`,
    timeline: `${root}/log/timeline.json`,
    status: `${root}/status.json`,
    report: `${root}/report.json`,
    failed: `${root}/failed`,
    functions: `${local}/functions`,
    staging: `${root}/staging`,
    temp: `${local}/temp`,
  };
}

/** The log's older part number `age`; 0 is the file that is written. */
export function olderLog(log: string, age: number): string {
  return age === 0 ? log : log.replace(/\.jsonl$/, `.${age}.jsonl`);
}

/** `2026-11-22-08-30-05` in UTC: sorts by time, and is a file name everywhere. */
export function timeName(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[T:]/g, "-");
}

/** The parts of a job directory's name, `<time>.<job>`; undefined for any other name. */
export function parseJobName(
  name: string,
): { readonly startedMs: number; readonly jobId: string } | undefined {
  const [, day, hours, minutes, seconds, jobId] =
    /^(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)\.([0-9a-f]{32})$/.exec(name) ?? [];
  if (day === undefined || jobId === undefined) return undefined;
  return { startedMs: Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`), jobId };
}
