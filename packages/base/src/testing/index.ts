/** Stand-ins for the machine, and the contracts every version of it must keep. */
export { ManualClock } from "./manual-clock.ts";
