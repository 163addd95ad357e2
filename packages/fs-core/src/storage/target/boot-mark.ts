/**
 * Whether a target that promised no durability of its own may have lost something: it notes which boot of the machine it
 * runs in, and when it was closed in order.
 */
import { type Disk, isPondError } from "@smallpond/base";
import { bool, type Codec, decode, encode, struct, text, versioned } from "../../wire/codec/index.ts";
import { makeFrame, readFrame } from "../journal/frame.ts";
import type { Crc } from "../model/pages.ts";

export interface BootMark {
  /** Changes with every start of the machine. */
  readonly bootId: string;
  /** Updates counted before they were durable. */
  readonly isReplicated: boolean;
  /** Everything was durable when it was left. */
  readonly isClosed: boolean;
  /** False from an opening that may miss something until the target is filled again. */
  readonly isComplete: boolean;
}

/** Whether what was told before it was durable may be gone. */
export function hasLostPower(mark: BootMark, bootId: string): boolean {
  return mark.isReplicated && !mark.isClosed && mark.bootId !== bootId;
}

/** Whether nothing that was acknowledged can be missing, from the mark that the last one left. */
export function isStillComplete(mark: BootMark | undefined, bootId: string): boolean {
  return mark?.isComplete === true && !hasLostPower(mark, bootId);
}

const codec: Codec<BootMark> = versioned(
  1,
  struct({ bootId: text(256), isReplicated: bool, isClosed: bool, isComplete: bool }),
);

export function encodeBootMark(crc: Crc, mark: BootMark, generation: bigint): Uint8Array {
  return makeFrame(crc, encode(codec, mark), { batch: 0n, salt: generation });
}

export async function writeBootMark(
  deps: { readonly disk: Disk; readonly crc: Crc },
  directory: string,
  place: { readonly mark: BootMark; readonly generation: bigint },
): Promise<void> {
  const path = `${directory}/boot`;
  const bytes = encodeBootMark(deps.crc, place.mark, place.generation);
  await deps.disk.writeFile(`${path}.new`, bytes, { sync: true });
  await deps.disk.rename({ from: `${path}.new`, to: path });
  await deps.disk.syncDirectory(directory);
}

/** Undefined where there is none, or a damaged one: then nothing is known, which is the safe answer. */
export async function readBootMark(
  deps: { readonly disk: Disk; readonly crc: Crc },
  directory: string,
  generation: bigint,
): Promise<BootMark | undefined> {
  try {
    const frame = readFrame(deps.crc, await deps.disk.readFile(`${directory}/boot`), 0, generation);
    return frame === undefined ? undefined : decode(codec, frame.payload);
  } catch (error) {
    if (isPondError(error, "ENOENT")) return undefined;
    throw error;
  }
}
