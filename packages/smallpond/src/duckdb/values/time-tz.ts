/** DuckDB's TIMETZ: 40 bits of microseconds and 24 bits of offset, which counts down so that later times are larger. */
import { Time } from "./time.ts";

const OFFSET_MAX = 16 * 3600 - 1;

export function timeOfTzBits(bits: bigint): Time {
  const offsetSeconds = OFFSET_MAX - Number(bits & 0xff_ffffn);
  return new Time((bits >> 24n) * 1000n, { offsetSeconds });
}

/** A time without an offset counts as UTC. */
export function tzBitsOfTime(time: Time): bigint {
  return (time.micros << 24n) | BigInt(OFFSET_MAX - (time.offsetSeconds ?? 0));
}
