/** Stand-ins for the machine, and the contracts that every version of it keeps, ours and yours. */
export {
  type ContractCase,
  expectCode,
  expectEqual,
  expectThat,
  rejectionOf,
} from "./contracts/case.ts";
export { type ClockUnderTest, clockContract } from "./contracts/clock.ts";
export { type DiskUnderTest, diskContract } from "./contracts/disk.ts";
export { type NetUnderTest, netContract } from "./contracts/net.ts";
export { ManualClock } from "./manual-clock.ts";
export { type DiskFault, MemoryDisk, type MemoryDiskSettings } from "./memory-disk.ts";
export { MemoryNet, type MemoryNetSettings } from "./memory-net.ts";
