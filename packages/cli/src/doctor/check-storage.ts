/** Where jobs keep intermediate files: writable, and with room. */
import { randomUUID } from "node:crypto";
import { rm, statfs, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { formatBytes } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { directoryBytes, openJobs } from "smallpond/jobs";
import { type Check, missing, ok, warn } from "./check.ts";

const FREE_BYTES_LOW = 5 * 1024 ** 3;

export async function checkDataRoot(): Promise<Check> {
  const root = process.env.SP_DATA_ROOT ?? join(homedir(), ".smallpond", "data");
  const check = await checkFolder("data root", root, {
    fix: "SP_DATA_ROOT=/a/folder/on/a/large/disk",
    essential: true,
  });
  return check.status === "missing" ? check : { ...check, found: `${check.found}, ${await heldText(root)}` };
}

/** Files looked at to say what jobs hold. */
const ENTRIES_MAX = 10_000;

async function heldText(root: string): Promise<string> {
  const jobs = (await openJobs(root).list()).length;
  const { bytes, whole } = await directoryBytes(root, ENTRIES_MAX);
  return `${jobs} ${jobs === 1 ? "job holds" : "jobs hold"} ${whole ? "" : "more than "}${formatBytes(bytes)}`;
}

export async function checkTemp(): Promise<Check> {
  return await checkFolder("temp", tmpdir(), { fix: "TMPDIR=/a/writable/folder", essential: false });
}

async function checkFolder(
  name: string,
  path: string,
  mend: { readonly fix: string; readonly essential: boolean },
): Promise<Check> {
  try {
    await new NodeDisk().mkdir(path, { recursive: true });
    const probe = join(path, `.pond-doctor-${randomUUID()}`);
    await writeFile(probe, "");
    await rm(probe);
  } catch (error) {
    return missing(name, `${path} cannot be written: ${(error as NodeJS.ErrnoException).code}`, mend);
  }
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  const found = `${path}, ${formatBytes(freeBytes)} free`;
  return freeBytes >= FREE_BYTES_LOW ? ok(name, found) : warn(name, found, mend.fix);
}
