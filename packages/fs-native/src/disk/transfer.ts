/** One read or write as people mean it: checked, and continued where the kernel did only part. */
import type { BufferLease, LeasePart, Region } from "../memory/lease.ts";
import type { QueueFile } from "./disk-queue.ts";
import type { Engine, EngineFile } from "./engine.ts";

export interface Transfer {
  readonly kind: "read" | "write";
  readonly region: Region;
  /** In the region. */
  readonly offset: number;
  readonly length: number;
  readonly position: number;
  /** Whether the memory is still its owner's; it must be until the transfer has ended. */
  readonly isHeld: () => boolean;
  /** Bytes from `offset` on that belong to the owner. */
  readonly room: number;
}

/** The kernel's numbers of what this room answers by itself. */
export const ERRNO = { EIO: -5, EBADF: -9, EBUSY: -16, EINVAL: -22 } as const;

export function transferOf(
  kind: Transfer["kind"],
  memory: BufferLease | LeasePart,
  position: number,
): Transfer {
  const part: LeasePart = "lease" in memory ? memory : { lease: memory };
  const { lease, offset = 0, length = lease.length - offset } = part;
  return {
    kind,
    region: lease.region,
    offset: lease.offset + offset,
    length,
    position,
    isHeld: () => lease.isHeld,
    // Nothing, for a part that begins before the lease does.
    room: offset < 0 ? -1 : lease.length - offset,
  };
}

/** 0 for a transfer that may be sent, or the error number that the kernel would answer, were it so kind. */
export function refusal(transfer: Transfer, { direct, alignment }: QueueFile): number {
  const { region, offset, length, position, room } = transfer;
  if (!Number.isSafeInteger(position) || position < 0) return ERRNO.EINVAL;
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) return ERRNO.EINVAL;
  if (length < 0 || length > room) return ERRNO.EINVAL;
  if (!direct) return 0;
  const aligned =
    position % alignment.position === 0 &&
    length % alignment.position === 0 &&
    offset % alignment.memory === 0 &&
    region.alignment % alignment.memory === 0;
  return aligned ? 0 : ERRNO.EINVAL;
}

/** Calls `done` once with all bytes there were, or a negative error number. */
export function carryOut(
  engine: Engine,
  file: EngineFile,
  transfer: Transfer,
  done: (result: number) => void,
): void {
  const { kind, region, length, position } = transfer;
  if (length === 0) {
    done(0);
    return;
  }
  let total = 0;
  const next = (): void => {
    engine.transfer({
      kind,
      file,
      region,
      offset: transfer.offset + total,
      length: length - total,
      position: position + total,
      done: ended,
    });
  };
  const ended = (result: number): void => {
    if (result > 0) total += result;
    if (result < 0) done(result);
    else if (total === length) done(total);
    else if (result > 0 && !(file.direct && result % SECTOR !== 0)) next();
    // Nothing more: a read is at the end of the file, where a write never is.
    else done(kind === "read" ? total : ERRNO.EIO);
  };
  next();
}

/** A direct read that stops within a sector has met the end of the file, and could not go on from there. */
const SECTOR = 512;
