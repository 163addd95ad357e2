/**
 * What packets of each class of traffic carry in the DS field (RFC 2474), so that the network can treat them as the storage
 * nodes do. Each network has its own plan; these values follow RFC 4594 and RFC 8622.
 */
import { PondError } from "@smallpond/base";
import type { TrafficClass } from "../protocol/common.ts";

/** From 0, which is unmarked, to 63. Classes with the same mark share connections. */
export type DscpMarks = Readonly<Record<TrafficClass, number>>;

export const DEFAULT_DSCP_MARKS: DscpMarks = {
  /** AF11: much data, and somebody waits. */
  foreground: 10,
  /** LE: gives way to everybody. */
  resync: 1,
  /** AF13: the same as AF11, dropped before it. */
  cache: 14,
  /** CS2: little data that everything else waits for. */
  control: 16,
};

/** @throws BAD_DSCP */
export function dscpMarks(given: Partial<DscpMarks> = {}): DscpMarks {
  const marks = { ...DEFAULT_DSCP_MARKS, ...given };
  for (const [name, mark] of Object.entries(marks)) {
    if (Number.isInteger(mark) && mark >= 0 && mark <= 63) continue;
    throw new PondError("BAD_DSCP", {
      kind: "invalid",
      message: `packets of class ${name} cannot be marked ${mark}`,
      hint: "a mark is a number from 0, which is none, to 63",
    });
  }
  return marks;
}
