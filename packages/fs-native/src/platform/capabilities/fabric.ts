import { type Capability, off, on } from "../../capability.ts";
import { type FabricProvider, fabricFacts } from "../fabric/fabric-facts.ts";
import { FABRIC_PROVIDERS } from "../fabric/open-fabric.ts";

export function fabricCapability(): Capability {
  const facts = fabricFacts();
  if (facts.kind === "missing") {
    return off("fabric", facts.reason, "apt-get install libfabric-dev, then npm test or npm start");
  }
  const used = facts.providers.filter(({ provider }) => FABRIC_PROVIDERS.some((known) => known === provider));
  const names = [...new Map(used.map((one) => [one.provider, described(one)])).values()];
  const library = `libfabric ${facts.version}`;
  if (names.length === 0) return off("fabric", `${library} without ${FABRIC_PROVIDERS.join(" or ")}`, null);
  return on("fabric", `${library} with ${names.join(", ")}`);
}

function described({ provider, isTested }: FabricProvider): string {
  return isTested ? provider : `${provider} (not yet verified on hardware)`;
}
