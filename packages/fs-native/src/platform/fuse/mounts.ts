/** What is mounted where, as the kernel lists it; asking the mounts themselves could wait for a server that hangs. */
import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** The path as the kernel lists it: links resolved, but without looking at what is mounted there. */
export async function mountPath(path: string): Promise<string> {
  const absolute = resolve(path);
  if (dirname(absolute) === absolute) return absolute;
  return join(await realpath(dirname(absolute)), basename(absolute));
}

/** The type of the file system that was mounted last at exactly this path; undefined when none is. */
export async function typeMountedAt(path: string): Promise<string | undefined> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const found = lines.findLast((line) => unescaped(line.split(" ")[4] ?? "") === path);
  return found?.split(" - ")[1]?.split(" ")[0];
}

/** The kernel writes blanks and backslashes in octal. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
