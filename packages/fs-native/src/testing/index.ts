/** Contracts that the native parts and their fallbacks both keep, and that later users run against what they build. */
export { type DiskQueueUnderTest, diskQueueContract } from "./contracts/disk-queue.ts";
export {
  type FabricContractOptions,
  type FabricPartner,
  type FabricUnderTest,
  fabricContract,
} from "./contracts/fabric.ts";
export { type LeasedNetUnderTest, leasedNetContract } from "./contracts/leased-net.ts";
export { PARTNER_REGION_BYTES, PartnerClient, runFabricPartner } from "./fabric-partner.ts";
