/**
 * Target directories before a storage service opens them: kept from all other processes, and made where they are not
 * there. A directory that is empty may be a new target, or the disk of an old one that was replaced: that one has lost what
 * its chain counts on, and must be filled by others before it counts for anything.
 */
import { mkdir } from "node:fs/promises";
import { type Disk, isPondError, PondError, type Random } from "@smallpond/base";
import type { TargetId } from "../../ids.ts";
import type { Crc } from "../../storage/model/pages.ts";
import { formatTarget } from "../../storage/target/format-target.ts";
import { assertOwn, readSuperblock } from "../../storage/target/superblock.ts";
import { type DirectoryLock, lockDirectory } from "../cluster-directory/directory-lock.ts";

export interface TargetPlace {
  readonly id: TargetId;
  /** Which of the node's disks, from 0. */
  readonly disk: number;
  readonly directory: string;
}

/**
 * What a target is that is made now: `new`, in a chain that begins with nothing, or `replaced`, without what it had. A
 * function is asked when some target is missing.
 */
export type MissingTarget = "new" | "replaced" | ((target: TargetId) => Promise<"new" | "replaced">);

export interface PrepareDeps {
  readonly disk: Disk;
  readonly random: Random;
  readonly crc: Crc;
}

export interface PreparedTargets {
  /** Made now, without what their chains count on. */
  readonly replaced: readonly TargetId[];
  release(): Promise<void>;
}

export async function prepareTargets(
  deps: PrepareDeps,
  request: {
    readonly clusterId: string;
    readonly targets: readonly TargetPlace[];
    readonly missing: MissingTarget;
    readonly segmentBytes?: number;
  },
): Promise<PreparedTargets> {
  const locks: DirectoryLock[] = [];
  const release = async (): Promise<void> => {
    for (const lock of locks) await lock.release();
  };
  const { clusterId, missing, segmentBytes } = request;
  const replaced: TargetId[] = [];
  try {
    // One after the other: they share a disk, and so the syncs.
    for (const { id, directory } of request.targets) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      locks.push(await lockFor(id, directory));
      const wanted = { cluster: clusterId, target: id };
      if (await isThere(deps, directory, wanted)) continue;
      const what = typeof missing === "function" ? await missing(id) : missing;
      if (what === "replaced") replaced.push(id);
      await formatTarget(deps, {
        ...wanted,
        directory,
        isComplete: what === "new",
        ...(segmentBytes === undefined ? {} : { segmentBytes }),
      });
    }
    return { replaced, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Refuses what is another's. One that is damaged is there: the node says so of it, and goes on with the others. */
async function isThere(
  deps: PrepareDeps,
  directory: string,
  wanted: { readonly cluster: string; readonly target: TargetId },
): Promise<boolean> {
  try {
    const found = await readSuperblock(deps, directory);
    if (found !== undefined) assertOwn(found, wanted, directory);
    return found !== undefined;
  } catch (error) {
    if (isPondError(error, "STORE_CORRUPT")) return true;
    throw error;
  }
}

async function lockFor(id: TargetId, directory: string): Promise<DirectoryLock> {
  try {
    return await lockDirectory(directory);
  } catch (error) {
    if (!isPondError(error, "DIRECTORY_LOCKED")) throw error;
    throw new PondError("TARGET_IN_USE", {
      kind: "conflict",
      message: `target ${id} in ${directory} is open in another process`,
      hint: "stop the storage service that has it",
    });
  }
}
