/** What goes wrong about mounts, and the command that helps. */
import { type ErrorKind, PondError } from "@smallpond/base";

/**
 * Codes are the kernel's names, and those of ours: `NO_DEVICE` is a system without FUSE, `NO_HELPER` one without
 * fusermount3, `NOT_MOUNTED` a path where no FUSE file system is, `NATIVE_MISSING` that the addon is needed for this,
 * `EOTHER` anything else, its words in the message. `ENOTCONN` is a mount whose server died.
 */
export type FuseErrorCode =
  | "ENOENT"
  | "ENOTDIR"
  | "ENOTEMPTY"
  | "ENOTCONN"
  | "EBUSY"
  | "EACCES"
  | "EPERM"
  | "EINVAL"
  | "NO_DEVICE"
  | "NO_HELPER"
  | "NOT_MOUNTED"
  | "NATIVE_MISSING"
  | "EOTHER";

export interface FuseErrorDetails {
  readonly operation: "mount" | "unmount" | "reply to";
  readonly path: string;
}

export type FuseError = PondError<FuseErrorCode, FuseErrorDetails>;

interface Explanation {
  readonly kind: ErrorKind;
  readonly phrase?: string;
  readonly hint?: (path: string) => string;
}

const EXPLANATIONS: Readonly<Record<FuseErrorCode, Explanation>> = {
  ENOENT: { kind: "invalid", phrase: "it does not exist", hint: (path) => `mkdir -p ${path}` },
  ENOTDIR: { kind: "invalid", phrase: "it is not a directory" },
  ENOTEMPTY: {
    kind: "invalid",
    phrase: "the directory has files in it, which the mount would hide",
    hint: () => "choose an empty directory, or pass nonEmpty",
  },
  ENOTCONN: {
    kind: "unavailable",
    phrase: "a file system whose server died is mounted there",
    hint: (path) =>
      `take it away first: fusermount3 -uz ${path}, as root umount -l ${path}; or pass replaceDead`,
  },
  EBUSY: {
    kind: "unavailable",
    phrase: "it is in use",
    hint: (path) => `see who uses it: fuser -vm ${path}; or pass lazy`,
  },
  EACCES: {
    kind: "invalid",
    phrase: "that is not allowed to this user",
    hint: () => "ls -l /dev/fuse shows who may use FUSE; chmod 666 /dev/fuse, as root, lets everybody",
  },
  EPERM: {
    kind: "invalid",
    phrase: "that is not allowed to this process",
    hint: () => "in a container: docker run --device /dev/fuse --cap-add SYS_ADMIN",
  },
  EINVAL: { kind: "internal", phrase: "the kernel does not understand" },
  NO_DEVICE: {
    kind: "unavailable",
    phrase: "this system has no /dev/fuse",
    hint: () => "modprobe fuse, as root",
  },
  NO_HELPER: {
    kind: "unavailable",
    phrase: "fusermount3 is missing, which mounts for people who are not root",
    hint: () => "apt-get install fuse3",
  },
  NOT_MOUNTED: { kind: "invalid", phrase: "no FUSE file system is mounted there" },
  NATIVE_MISSING: {
    kind: "unavailable",
    phrase: "without the addon only root can mount",
    hint: () => "build the addon: npm start does, with a C++ compiler (apt-get install g++)",
  },
  EOTHER: { kind: "internal" },
};

export function fuseError(
  code: string,
  details: FuseErrorDetails,
  options: { readonly cause?: unknown; readonly reason?: string; readonly hint?: string } = {},
): FuseError {
  const known = Object.hasOwn(EXPLANATIONS, code) ? (code as FuseErrorCode) : "EOTHER";
  const { kind, phrase, hint } = EXPLANATIONS[known];
  return new PondError(known, {
    kind,
    message: `cannot ${details.operation} ${details.path}: ${options.reason ?? phrase ?? code}`,
    details,
    hint: options.hint ?? hint?.(details.path),
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}
