/**
 * Whose directory it is. Written last when a target is formatted, so that a directory without one is not a target, and
 * never changed afterwards. It is there twice: without it a whole target would be lost for one bit.
 */
import { type Disk, isPondError } from "@smallpond/base";
import { type Codec, decode, encode, struct, text, u32, u64, versioned } from "../../wire/codec/index.ts";
import { makeFrame, readFrame } from "../journal/frame.ts";
import { foreignTarget, storeCorrupt } from "../model/errors.ts";
import type { Crc } from "../model/pages.ts";

export interface Superblock {
  readonly cluster: string;
  readonly target: number;
  /** Random, another one each time the target is formatted: whatever was here before is told apart. */
  readonly generation: bigint;
}

const NAME = "superblock";
const COPY = "superblock.copy";
const FORMAT_VERSION = 1;
const PLACE = { batch: 0n, salt: 0n } as const;

const codec: Codec<Superblock> = versioned(
  FORMAT_VERSION,
  struct({ cluster: text(256), target: u32, generation: u64 }),
);

export function encodeSuperblock(crc: Crc, superblock: Superblock): Uint8Array {
  return makeFrame(crc, encode(codec, superblock), PLACE);
}

export function decodeSuperblock(crc: Crc, bytes: Uint8Array, path: string): Superblock {
  const frame = readFrame(crc, bytes, 0, PLACE.salt);
  if (frame === undefined) throw storeCorrupt(path, "it is not what was written");
  if (frame.payload[0] !== FORMAT_VERSION) {
    throw foreignTarget(path, `it has format ${frame.payload[0]}, and ${FORMAT_VERSION} is known`);
  }
  return decode(codec, frame.payload);
}

export async function writeSuperblock(
  deps: { readonly disk: Disk; readonly crc: Crc },
  directory: string,
  superblock: Superblock,
): Promise<void> {
  const bytes = encodeSuperblock(deps.crc, superblock);
  await deps.disk.writeFile(`${directory}/${COPY}`, bytes, { sync: true });
  await replaceFirst(deps.disk, directory, bytes);
}

/** Undefined where nobody formatted a target. One that is damaged is made good again from the other. */
export async function readSuperblock(
  deps: { readonly disk: Disk; readonly crc: Crc },
  directory: string,
): Promise<Superblock | undefined> {
  const [first, copy] = [`${directory}/${NAME}`, `${directory}/${COPY}`];
  const bytes = await readIfThere(deps.disk, first);
  if (bytes === undefined) return undefined;
  try {
    return decodeSuperblock(deps.crc, bytes, first);
  } catch (error) {
    const other = await readIfThere(deps.disk, copy);
    if (!isPondError(error, "STORE_CORRUPT") || other === undefined) throw error;
    const superblock = decodeSuperblock(deps.crc, other, copy);
    await replaceFirst(deps.disk, directory, other);
    return superblock;
  }
}

/** Makes the directory one that is no target any more. */
export async function removeSuperblock(disk: Disk, directory: string): Promise<void> {
  const path = `${directory}/${NAME}`;
  if (await disk.exists(path)) await disk.unlink(path);
  await disk.syncDirectory(directory);
}

async function replaceFirst(disk: Disk, directory: string, bytes: Uint8Array): Promise<void> {
  const path = `${directory}/${NAME}`;
  await disk.writeFile(`${path}.new`, bytes, { sync: true });
  await disk.rename({ from: `${path}.new`, to: path });
  await disk.syncDirectory(directory);
}

async function readIfThere(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    return await disk.readFile(path);
  } catch (error) {
    if (isPondError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Refuses the directory of another cluster or another target. */
export function assertOwn(
  found: Superblock,
  wanted: Pick<Superblock, "cluster" | "target">,
  directory: string,
): void {
  if (found.cluster !== wanted.cluster) {
    throw foreignTarget(directory, `it belongs to cluster ${found.cluster}, not to ${wanted.cluster}`);
  }
  if (found.target !== wanted.target) {
    throw foreignTarget(directory, `it is target ${found.target}, not ${wanted.target}`);
  }
}
