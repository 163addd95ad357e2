/**
 * Checks the metadata: every name, link, tree, count and row against every other. Over a snapshot it is exact. Over a
 * cluster at work it looks several times: what is really wrong is still there, in the same words, when the changes that
 * were under way have ended.
 */
import type { Clock, SignalOptions } from "@smallpond/base";
import type { Metastore } from "../../metastore/transaction.ts";
import type { Finding, FsckReport } from "./finding.ts";
import { content } from "./rules/content.ts";
import { directoryLinks } from "./rules/directory-links.ts";
import { garbage } from "./rules/garbage.ts";
import { links } from "./rules/links.ts";
import { locks } from "./rules/locks.ts";
import { checkEntry } from "./rules/names.ts";
import { ownRows } from "./rules/own-rows.ts";
import { quotas } from "./rules/quotas.ts";
import { sessions } from "./rules/sessions.ts";
import { tokens } from "./rules/tokens.ts";
import { tree } from "./rules/tree.ts";
import { names, type Rule, type Scan, scanInodes } from "./scan.ts";
import { type FsckSource, liveSource } from "./source.ts";

/** Findings that are listed; of others only that there are more. */
const FINDINGS_MAX = 10_000;

const RULES: readonly Rule[] = [
  links,
  tree,
  directoryLinks,
  quotas,
  ownRows,
  content,
  sessions,
  locks,
  garbage,
  tokens,
];

/** Looks once. What changes meanwhile may look wrong, unless the source is a snapshot. */
export async function check(source: FsckSource): Promise<FsckReport> {
  const findings: Finding[] = [];
  let truncated = false;
  const add = (finding: Finding): void => {
    if (findings.length < FINDINGS_MAX) findings.push(finding);
    else truncated = true;
  };
  const rows = { count: 0 };
  const inodes = await scanInodes(source, rows, add);
  let entries = 0;
  for await (const row of names(source, rows, add)) {
    entries += 1;
    for (const finding of checkEntry(inodes, row)) add(finding);
  }
  const scan: Scan = { source, inodes, rows };
  for (const rule of RULES) for await (const finding of rule(scan)) add(finding);
  return { findings, truncated, inodes: inodes.size, entries, rows: rows.count };
}

export interface LiveCheckOptions extends SignalOptions {
  /** How often what was found is looked at again. Default 3. */
  readonly looks?: number;
  /** Between two looks. Default 2 s. */
  readonly pauseMs?: number;
  /** Told of every page that was read. It must not throw. */
  readonly onProgress?: (progress: CheckProgress) => void;
}

export interface CheckProgress {
  /** From 1. */
  readonly look: number;
  /** Read by this look. */
  readonly rows: number;
}

/** Looks while others work: reports what every look finds. */
export async function checkLive(
  deps: { readonly metastore: Metastore; readonly clock: Clock },
  options: LiveCheckOptions = {},
): Promise<FsckReport> {
  const { looks = 3, pauseMs = 2000, onProgress = () => {}, ...signal } = options;
  const lookOnce = (look: number): Promise<FsckReport> =>
    check(told(liveSource(deps.metastore, signal), (rows) => onProgress({ look, rows })));
  let report = await lookOnce(1);
  for (let look = 1; look < looks && report.findings.length > 0; look++) {
    await deps.clock.sleep(pauseMs, signal);
    const next = await lookOnce(look + 1);
    const before = new Set(report.findings.map(wordsOf));
    const findings = next.findings.filter((finding) => before.has(wordsOf(finding)));
    report = { ...next, findings, truncated: report.truncated && next.truncated };
  }
  return report;
}

/** The same source; `onRows` hears how many rows were read so far. */
function told(source: FsckSource, onRows: (rows: number) => void): FsckSource {
  let rows = 0;
  return {
    get: (key) => source.get(key),
    async *pages(range) {
      for await (const page of source.pages(range)) {
        rows += page.length;
        onRows(rows);
        yield page;
      }
    },
  };
}

function wordsOf({ code, subject, detail }: Finding): string {
  return `${code} ${subject}: ${detail}`;
}
