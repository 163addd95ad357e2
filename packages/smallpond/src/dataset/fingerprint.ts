/** What tells a changed input from the one that was read (invariant S4): path, size, times and inode of every file. */
import type { Disk } from "@smallpond/base";

/** Files asked about at once. */
const STATS_AT_ONCE = 64;

export interface InputFiles {
  readonly files: readonly string[];
  readonly fingerprint: string;
  readonly bytes: number;
}

export async function fingerprintFiles(disk: Disk, files: readonly string[]): Promise<InputFiles> {
  const lines: string[] = [];
  let bytes = 0;
  for (let start = 0; start < files.length; start += STATS_AT_ONCE) {
    const some = files.slice(start, start + STATS_AT_ONCE);
    const stats = await Promise.all(some.map((file) => disk.stat(file)));
    for (const [i, stat] of stats.entries()) {
      bytes += stat.size;
      lines.push([some[i], stat.size, stat.mtimeNs, stat.ctimeNs, stat.inode].join("|"));
    }
  }
  return { files, bytes, fingerprint: lines.join("\n") };
}
