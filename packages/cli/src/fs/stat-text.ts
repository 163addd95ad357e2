/** Attributes of files as people and programs read them. */
import { formatBytes } from "@smallpond/base";
import type { FileStat } from "@smallpond/fs-core";

const TYPE: Readonly<Record<FileStat["kind"], string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  fifo: "p",
  socket: "s",
  character: "c",
  block: "b",
};

/** `drwxr-xr-x` */
export function modeText({ kind, mode }: Pick<FileStat, "kind" | "mode">): string {
  const triple = (bits: number, special: boolean, letter: string): string => {
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? "x" : "-";
    return `${(bits & 4) !== 0 ? "r" : "-"}${(bits & 2) !== 0 ? "w" : "-"}${last}`;
  };
  const owner = triple((mode >> 6) & 7, (mode & 0o4000) !== 0, "s");
  const group = triple((mode >> 3) & 7, (mode & 0o2000) !== 0, "s");
  return `${TYPE[kind]}${owner}${group}${triple(mode & 7, (mode & 0o1000) !== 0, "t")}`;
}

/** `2026-11-28T01:02:03Z` */
export function timeText(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString().replace(/\.\d+Z$/, "Z");
}

export function sizeText(bytes: bigint, human: boolean): string {
  return human ? formatBytes(Number(bytes)) : bytes.toString();
}

/** All that `stat` tells, for `--json`. */
export function statJson(path: string, stat: FileStat): Readonly<Record<string, unknown>> {
  const { inode, kind, size, mode, uid, gid, nlink, dataVersion } = stat;
  return {
    path,
    kind,
    size,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    links: nlink,
    inode,
    modified: timeText(stat.mtimeNs),
    changed: timeText(stat.ctimeNs),
    made: timeText(stat.birthNs),
    dataVersion,
  };
}
