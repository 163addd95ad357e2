/** Errors about the place that people want something written to. */
import { isPondError, PondError } from "@smallpond/base";

export function targetExists(path: string, what: string, hint: string): PondError {
  return new PondError("TARGET_EXISTS", {
    kind: "invalid",
    message: `${path} ${what}`,
    details: { path },
    hint,
  });
}

export function targetBusy(path: string): PondError {
  return new PondError("TARGET_BUSY", {
    kind: "conflict",
    message: `${path} is changed by others all the time, or what is above it is gone`,
    details: { path },
    hint: "let one job at a time write to it",
  });
}

/** What the disk says, about the target instead of about one of our files below it. */
export function writingError(error: unknown, path: string): unknown {
  if (!isPondError(error)) return error;
  const { code } = error;
  if (FULL.includes(code) && (code !== "DISK_FULL" || error.message.includes(".pond-"))) {
    return new PondError("DISK_FULL", {
      kind: "unavailable",
      message: `cannot write ${path}: no space is left on its disk`,
      details: { path },
      hint: "free some space there, or write to another disk; nothing of the output was left behind",
      cause: error,
    });
  }
  const why = NOT_WRITABLE[code];
  if (why === undefined) return error;
  const at = (error.details as { readonly path?: unknown }).path;
  const where = typeof at === "string" ? at : path;
  return new PondError("TARGET_NOT_WRITABLE", {
    kind: "invalid",
    message: `cannot write ${path}: ${where.includes(".pond-") ? parentText(where) : where} ${why}`,
    details: { path },
    hint: "write to another path, or change what stands against it",
    cause: error,
  });
}

const FULL: readonly string[] = ["DISK_FULL", "ENOSPC", "EDQUOT"];

const NOT_WRITABLE: Readonly<Record<string, string>> = {
  EACCES: "may not be changed by this user",
  EPERM: "may not be changed by this user",
  EROFS: "is on a file system that is read-only",
  ENOTDIR: "goes through a file",
  EEXIST: "goes through a file",
  ELOOP: "is a link that leads to itself",
  ENAMETOOLONG: "has a name that is too long for its file system",
  EBUSY: "is in use, as a mounted directory is; a directory inside of it can be written",
  EXDEV: "is a mounted directory; a directory inside of it can be written",
};

function parentText(path: string): string {
  return path.slice(0, path.indexOf("/.")) || "/";
}
