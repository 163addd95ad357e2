import { NodeClock } from "@smallpond/base/platform/node";
import { type FabricEndpoint, fabricFacts, openBufferPool, openFabric } from "@smallpond/fs-native";
import { type FabricUnderTest, fabricContract, runFabricPartner } from "@smallpond/fs-native/testing";
import { assert, beforeAll, describe, expect, test } from "vitest";
import { runContract } from "../run-contract.ts";
import { PROVIDER, withoutFabric } from "./here.ts";
import { startPartnerProcess } from "./processes.ts";

const missing = await withoutFabric();
if (missing !== undefined) console.warn(`SKIPPED: tests over libfabric: ${missing}`);

type Ways = "any" | "read-after-write";

/** Partners here are ends in this process; to kill one is to close it. */
async function inOneProcess(writeGuarantee: Ways): Promise<FabricUnderTest> {
  const pool = openBufferPool({ poison: true });
  const partners = openBufferPool({ poison: true });
  const opened: FabricEndpoint[] = [];
  const running: Promise<void>[] = [];
  return {
    clock: new NodeClock(),
    pool,
    open: (settings) => openFabric(pool, { ...PROVIDER, ...settings, writeGuarantee }),
    partner: async () => {
      const endpoint = await openFabric(partners, PROVIDER);
      opened.push(endpoint);
      running.push(runFabricPartner(endpoint, partners));
      return { address: endpoint.address, kill: () => endpoint.close() };
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((endpoint) => endpoint.close()));
      await Promise.all(running);
      expect(partners.leases).toBe(0);
      pool.close();
      partners.close();
    },
  };
}

async function inTwoProcesses(): Promise<FabricUnderTest> {
  const pool = openBufferPool({ poison: true });
  const started: Awaited<ReturnType<typeof startPartnerProcess>>[] = [];
  return {
    clock: new NodeClock(),
    pool,
    open: (settings) => openFabric(pool, { ...PROVIDER, ...settings }),
    partner: async () => {
      const partner = await startPartnerProcess();
      started.push(partner);
      return partner;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(started.map((partner) => partner.kill()));
      pool.close();
    },
  };
}

describe.skipIf(missing !== undefined)(`libfabric, ${PROVIDER.provider}`, () => {
  runContract(
    "ends in one process",
    fabricContract(() => inOneProcess("any"), { freezes: false }),
  );
  runContract(
    "ends in one process, writes followed by reads",
    fabricContract(() => inOneProcess("read-after-write"), { freezes: false }),
  );
  runContract("partners in processes of their own", fabricContract(inTwoProcesses, { freezes: true }));

  describe("limits and the event loop", () => {
    let pool: ReturnType<typeof openBufferPool>;
    beforeAll(() => {
      pool = openBufferPool({ poison: true });
      return () => pool.close();
    });

    test("limits are the provider's", async () => {
      await using endpoint = await openFabric(pool, PROVIDER);
      expect(endpoint.provider).toBe(PROVIDER.provider);
      expect(endpoint.limits.addressBytes).toBe(endpoint.address.length);
      expect(endpoint.limits.writeGuarantee).toBe("delivery-complete");
      expect(endpoint.limits.transmitDepthMax).toBeGreaterThan(0);
    });

    test("what there is, is listed with whether tests run over it", () => {
      const facts = fabricFacts();
      assert(facts.kind === "present");
      expect(facts.version).toMatch(/^\d+\.\d+$/);
      expect(facts.providers).toContainEqual(
        expect.objectContaining({ provider: PROVIDER.provider, isTested: true }),
      );
    });

    test("a provider that is not there is told", async () => {
      const opening = openFabric(pool, { provider: "carrier-pigeon" });
      await expect(opening).rejects.toMatchObject({ code: "ENOFABRIC", kind: "unavailable" });
      expect(pool.leases).toBe(0);
    });
  });
});
