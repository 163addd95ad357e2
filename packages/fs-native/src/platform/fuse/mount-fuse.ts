/** Mounts FUSE file systems, as root by mount(2), for others by fusermount3, and takes them away. */
import { closeSync, constants, openSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { assert, isPondError } from "@smallpond/base";
import type { FuseDevice } from "../../fuse/fuse-device.ts";
import { type FuseError, fuseError } from "../../fuse/fuse-errors.ts";
import { type CoreAddon, coreAddon } from "../core-addon.ts";
import { OwnedDescriptor } from "../shared/descriptor.ts";
import { mountPath, typeMountedAt } from "./mounts.ts";
import { PolledFuseDevice } from "./polled-device.ts";
import { runCommand } from "./run-command.ts";
import { ThreadFuseDevice } from "./thread-device.ts";

export interface FuseMountOptions {
  /** What `df` and `mount` call it. Letters, digits and `.:/_-`. Default `3fs`. */
  readonly source?: string;
  /** Other users may use it. Who is not root needs `user_allow_other` in /etc/fuse.conf. Default false. */
  readonly allowOther?: boolean;
  /** The kernel checks modes and owners, and the server need not. Default true. */
  readonly defaultPermissions?: boolean;
  /** Mounts over a directory that has files in it. Default false. */
  readonly nonEmpty?: boolean;
  /** Takes a mount whose server died away first. Default false. */
  readonly replaceDead?: boolean;
}

export interface FuseMount extends AsyncDisposable {
  /** With links resolved. */
  readonly path: string;
  readonly how: "mount(2)" | "mount(8)" | "fusermount3";
  readonly device: FuseDevice;
  /** Serve on until this resolves: the kernel may have things to write. Then closes the device. */
  unmount(options?: UnmountOptions): Promise<void>;
}

export interface UnmountOptions {
  /** Takes it out of sight at once, and away when nobody uses it any more. Default false, which fails with `EBUSY`. */
  readonly lazy?: boolean;
}

const DEVICE = "/dev/fuse";
const SUBTYPE = "pond";
const SOURCE = /^[\w.:/-]{1,200}$/;

/** An abort is not offered: a mount that was asked for is there or is not. @throws FuseError */
export async function mountFuse(path: string, options: FuseMountOptions = {}): Promise<FuseMount> {
  assert(SOURCE.test(options.source ?? "3fs"), "a source has letters, digits and .:/_-");
  const place = await mountPath(path).catch((error: unknown) => {
    throw mountError(error, path);
  });
  await checkPlace(place, options);
  try {
    if (process.geteuid?.() !== 0) return await mountByHelper(place, options);
    const core = coreAddon();
    const isNative = core.kind === "loaded" && "mountFuse" in core.addon;
    return isNative ? mountNatively(core.addon, place, options) : await mountByCommand(place, options);
  } catch (error) {
    throw mountError(error, place);
  }
}

/** For mounts of other processes, also of dead ones. @throws FuseError */
export async function unmountFuse(path: string, { lazy = false }: UnmountOptions = {}): Promise<void> {
  const details = { operation: "unmount", path } as const;
  const place = await mountPath(path).catch((error: NodeJS.ErrnoException) => {
    throw fuseError(error.code ?? "EOTHER", details, { cause: error });
  });
  if (!isFuse(await typeMountedAt(place))) throw fuseError("NOT_MOUNTED", details);
  const isRoot = process.geteuid?.() === 0;
  let outcome = isRoot ? await runCommand("umount", ["-i", "-c", ...(lazy ? ["-l"] : []), place]) : undefined;
  if (outcome?.status === undefined) {
    outcome = await runCommand("fusermount3", ["-u", ...(lazy ? ["-z"] : []), "--", place]);
  }
  if (outcome.status === 0) return;
  if (outcome.status === undefined) throw fuseError("NO_HELPER", details);
  throw fuseError(codeOf(outcome.stderr), details, { cause: new Error(outcome.stderr) });
}

class Mounted implements FuseMount {
  readonly path: string;
  readonly how: FuseMount["how"];
  readonly device: FuseDevice;
  #isMounted = true;

  constructor(path: string, how: FuseMount["how"], device: FuseDevice) {
    this.path = path;
    this.how = how;
    this.device = device;
  }

  async unmount(options: UnmountOptions = {}): Promise<void> {
    if (this.#isMounted) await unmountFuse(this.path, options);
    this.#isMounted = false;
    await this.device.close();
  }

  /** Whether or not somebody still uses it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount({ lazy: true }).catch((error: unknown) => {
      if (!isPondError(error, "NOT_MOUNTED")) throw error;
    });
    await this.device.close();
  }
}

function mountNatively(addon: CoreAddon, path: string, options: FuseMountOptions): FuseMount {
  const opened = openDevice(path, () => addon.fdOpen(DEVICE, constants.O_RDWR | constants.O_NONBLOCK, 0));
  const descriptor = new OwnedDescriptor(addon, opened);
  try {
    addon.mountFuse(options.source ?? "3fs", path, `fuse.${SUBTYPE}`, kernelOptions(descriptor.fd, options));
    return new Mounted(path, "mount(2)", new PolledFuseDevice(addon, descriptor.take(), path));
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

async function mountByCommand(path: string, options: FuseMountOptions): Promise<FuseMount> {
  const fd = openDevice(path, () => openSync(DEVICE, constants.O_RDWR));
  try {
    const words = [
      "-i",
      "-t",
      `fuse.${SUBTYPE}`,
      "-o",
      kernelOptions(3, options),
      options.source ?? "3fs",
      path,
    ];
    const { status, stderr } = await runCommand("mount", words, { descriptors: [fd] });
    if (status !== 0) throw new Error(stderr || "there is no command mount");
    return new Mounted(path, "mount(8)", new ThreadFuseDevice(fd, path));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** fusermount3 mounts with root's rights, and sends the descriptor over a socket that it is given. */
async function mountByHelper(path: string, options: FuseMountOptions): Promise<FuseMount> {
  const details = { operation: "mount", path } as const;
  const core = coreAddon();
  if (core.kind === "missing" || !("receiveMessage" in core.addon))
    throw fuseError("NATIVE_MISSING", details);
  const { addon } = core;
  const ends = new Int32Array(2);
  addon.socketPair(ends);
  const [near, far] = Array.from(ends, (fd) => new OwnedDescriptor(addon, fd)) as [
    OwnedDescriptor,
    OwnedDescriptor,
  ];
  try {
    const words = ["-o", helperOptions(options), "--", path];
    const variables = { _FUSE_COMMFD: "3" };
    const outcome = await runCommand("fusermount3", words, { descriptors: [far.fd], variables });
    if (outcome.status === undefined) throw fuseError("NO_HELPER", details);
    if (outcome.status !== 0) throw new Error(outcome.stderr);
    return new Mounted(
      path,
      "fusermount3",
      new PolledFuseDevice(addon, receivedDevice(addon, near.fd), path),
    );
  } finally {
    near.close();
    far.close();
  }
}

/** The helper has ended, so that its message is there if it ever will be. */
function receivedDevice(addon: CoreAddon, socket: number): number {
  const places = new Int32Array(254);
  const count = addon.receiveMessage(socket, new Uint8Array(16), places);
  const [descriptors, fd] = places;
  if (count < 0 || descriptors !== 1) throw new Error("fusermount3 sent no descriptor");
  addon.fdNonBlocking(fd!);
  return fd!;
}

function kernelOptions(fd: number, options: FuseMountOptions): string {
  const ids = `user_id=${process.geteuid?.() ?? 0},group_id=${process.getegid?.() ?? 0}`;
  return [`fd=${fd}`, "rootmode=40000", ids, ...commonOptions(options)].join(",");
}

function helperOptions(options: FuseMountOptions): string {
  const names = [`fsname=${options.source ?? "3fs"}`, `subtype=${SUBTYPE}`];
  return [...names, "nosuid", "nodev", ...commonOptions(options)].join(",");
}

function commonOptions({
  allowOther = false,
  defaultPermissions = true,
}: FuseMountOptions): readonly string[] {
  return [...(allowOther ? ["allow_other"] : []), ...(defaultPermissions ? ["default_permissions"] : [])];
}

async function checkPlace(path: string, options: FuseMountOptions): Promise<void> {
  const details = { operation: "mount", path } as const;
  if (isFuse(await typeMountedAt(path))) {
    if (!(await isDead(path)))
      throw fuseError("EBUSY", details, { reason: "a FUSE file system is mounted there" });
    if (options.replaceDead !== true) throw fuseError("ENOTCONN", details);
    await unmountFuse(path, { lazy: true });
  }
  const files = await readdir(path).catch((error: unknown) => {
    throw mountError(error, path);
  });
  if (files.length > 0 && options.nonEmpty !== true) throw fuseError("ENOTEMPTY", details);
}

async function isDead(path: string): Promise<boolean> {
  return await stat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "ENOTCONN",
  );
}

function isFuse(type: string | undefined): boolean {
  return type !== undefined && /^fuse(blk)?(\.|$)/.test(type);
}

function mountError(error: unknown, path: string): FuseError {
  if (isPondError(error)) return error as FuseError;
  const details = { operation: "mount", path } as const;
  const { code, message } = error as NodeJS.ErrnoException;
  if (message.includes("user_allow_other")) {
    const hint = "as root: echo user_allow_other >> /etc/fuse.conf";
    return fuseError("EACCES", details, { cause: error, reason: "only root may let other users in", hint });
  }
  const known = code ?? codeOf(message);
  return fuseError(known, details, { cause: error, ...(known === "EOTHER" ? { reason: message } : {}) });
}

/** What `open` made of /dev/fuse. */
function openDevice(path: string, open: () => number): number {
  try {
    return open();
  } catch (error) {
    const { code = "EOTHER" } = error as NodeJS.ErrnoException;
    const isMissing = code === "ENOENT" || code === "ENODEV" || code === "ENXIO";
    throw fuseError(isMissing ? "NO_DEVICE" : code, { operation: "mount", path }, { cause: error });
  }
}

/** What the words of mount(8), umount(8) and fusermount3 come down to. */
function codeOf(words: string): string {
  if (/fuse device not found/.test(words)) return "NO_DEVICE";
  if (/busy/i.test(words)) return "EBUSY";
  if (/not permitted|must be superuser/i.test(words)) return "EPERM";
  if (/permission denied|no write access|not owned|only allowed/i.test(words)) return "EACCES";
  if (/no such file/i.test(words)) return "ENOENT";
  if (/not a directory/i.test(words)) return "ENOTDIR";
  return "EOTHER";
}
