/** Figures of jobs as text. */
import { formatBytes } from "@smallpond/base";
import type { JobSummary } from "smallpond/jobs";

/** Enough of an id to type. */
export function shortId(job: JobSummary): string {
  return job.id.slice(0, 8);
}

/** `2026-11-22 08:30:05`, in UTC as everywhere. */
export function timeText(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

/** `0.42 s`, `12 s`, `3 min 20 s`, `2 h 5 min` */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

export function writtenText({ rows, bytes }: { readonly rows: number; readonly bytes: number }): string {
  return `${countText(rows)} rows, ${formatBytes(bytes)}`;
}

/** Lines of cells under a head, each column as wide as it must be. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
