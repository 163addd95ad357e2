/** Contracts that the native parts and their fallbacks both keep, and that later users run against what they build. */
export { type DiskQueueUnderTest, diskQueueContract } from "./contracts/disk-queue.ts";
export { type LeasedNetUnderTest, leasedNetContract } from "./contracts/leased-net.ts";
