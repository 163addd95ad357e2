/** What file system operations fail with: the names that programs know from `errno.h`, and a few of ours. */
import { assert, type ErrorKind, isPondError, PondError } from "@smallpond/base";

/** Linux numbers, x86-64 and ARM64. The table is total: FUSE and the shell answer with these. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EMLINK: 31,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EILSEQ: 84,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110,
  ESTALE: 116,
  EDQUOT: 122,
} as const;

export type FsErrorCode = keyof typeof ERRNO;

export interface FsErrorDetails {
  /** The operation: `rename`. */
  readonly operation: string;
  /** What it was about, as the caller named it. */
  readonly subject: string;
}

export type FsError = PondError<FsErrorCode, FsErrorDetails>;

const KINDS: Partial<Record<FsErrorCode, ErrorKind>> = {
  EIO: "corrupt",
  EAGAIN: "retry",
  ENOMEM: "unavailable",
  EBUSY: "conflict",
  EEXIST: "conflict",
  ENOTEMPTY: "conflict",
  ENOSPC: "unavailable",
  EDQUOT: "unavailable",
  EDEADLK: "conflict",
  ENOLCK: "unavailable",
  ETIMEDOUT: "unknown-outcome",
  ESTALE: "closed",
};

const PHRASES: Readonly<Record<FsErrorCode, string>> = {
  EPERM: "this is not permitted",
  ENOENT: "there is nothing of this name",
  EIO: "the data is damaged",
  ENXIO: "there is no data beyond that offset",
  E2BIG: "the value is too large",
  EBADF: "the file is not open for that",
  EAGAIN: "not now",
  ENOMEM: "there is not enough memory",
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EEXIST: "it exists already",
  EXDEV: "the two places have different quotas or file systems",
  ENODEV: "there is no such device",
  ENOTDIR: "a part of the path is no directory",
  EISDIR: "it is a directory",
  EINVAL: "the arguments make no sense",
  EFBIG: "the file would be too large",
  ENOSPC: "there is no space left",
  EROFS: "it is read-only",
  EMLINK: "it has too many links",
  ERANGE: "the value does not fit",
  EDEADLK: "waiting would never end: a deadlock",
  ENAMETOOLONG: "the name is too long",
  ENOLCK: "there are too many locks",
  ENOSYS: "there is no such operation",
  ENOTEMPTY: "the directory is not empty",
  ELOOP: "there are too many symbolic links",
  ENODATA: "there is no such attribute",
  EILSEQ: "the name is not UTF-8",
  EOPNOTSUPP: "that is not supported",
  ETIMEDOUT: "there was no answer in time",
  ESTALE: "the file is gone",
  EDQUOT: "the quota is used up",
};

/** A message stays readable, whatever it is about. */
const SUBJECT_CHARACTERS_MAX = 200;

/** `subject` is what the caller named: a path, a name, an inode. */
export function fsError(
  code: FsErrorCode,
  operation: string,
  subject: string,
  options: { readonly hint?: string; readonly reason?: string; readonly cause?: unknown } = {},
): FsError {
  const { hint, reason = PHRASES[code] } = options;
  const cut =
    subject.length <= SUBJECT_CHARACTERS_MAX ? subject : `${subject.slice(0, SUBJECT_CHARACTERS_MAX)}…`;
  // Half of a pair, by the cut or the caller's, could not be sent.
  const named = cut.replace(/\p{Surrogate}/gu, "\ufffd");
  return new PondError(code, {
    kind: KINDS[code] ?? "invalid",
    message: `${code}: ${operation} ${JSON.stringify(named)}: ${reason}`,
    details: { operation, subject: named },
    hint,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}

/** Whether an error is one of the file system's, here or sent from elsewhere. */
export function isFsError<C extends FsErrorCode>(
  error: unknown,
  code?: C,
): error is PondError<C, FsErrorDetails> {
  return isPondError(error) && (code === undefined ? error.code in ERRNO : error.code === code);
}

/** An error made again from what was kept of it. */
export function fsErrorFrom(kept: {
  readonly code: string;
  readonly message: string;
  readonly operation: string;
  readonly subject: string;
}): FsError {
  const { code, message, operation, subject } = kept;
  assert(code in ERRNO, `${code} is no error of the file system`);
  const kind = KINDS[code as FsErrorCode] ?? "invalid";
  return new PondError(code as FsErrorCode, { kind, message, details: { operation, subject } });
}
