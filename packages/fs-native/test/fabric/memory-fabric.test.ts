import { SeededRandom } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { MemoryFabric, openBufferPool } from "@smallpond/fs-native";
import { type FabricUnderTest, fabricContract, runFabricPartner } from "@smallpond/fs-native/testing";
import { expect, test } from "vitest";
import { runContract } from "../run-contract.ts";

async function inMemory(): Promise<FabricUnderTest> {
  const clock = new NodeClock();
  const fabric = new MemoryFabric({ clock, random: new SeededRandom(1) });
  const pool = openBufferPool({ poison: true });
  const partners = openBufferPool({ poison: true });
  const running: Promise<void>[] = [];
  return {
    clock,
    pool,
    open: (settings) => fabric.open(pool, settings),
    partner: async () => {
      const endpoint = await fabric.open(partners);
      running.push(runFabricPartner(endpoint, partners));
      const { address } = endpoint;
      return {
        address,
        kill: async () => fabric.kill(address),
        freeze: async () => fabric.freeze(address),
      };
    },
    [Symbol.asyncDispose]: async () => {
      pool.close();
      partners.close();
    },
  };
}

runContract("MemoryFabric", fabricContract(inMemory, { freezes: true }));

test("a frozen end goes on where it stopped", async () => {
  const fabric = new MemoryFabric({ clock: new NodeClock(), random: new SeededRandom(1) });
  using pool = openBufferPool({ poison: true });
  await using near = await fabric.open(pool);
  await using far = await fabric.open(pool);
  fabric.freeze(far.address);
  await Promise.all([
    near.send(near.peer(far.address), Uint8Array.of(7)),
    Promise.resolve().then(() => fabric.thaw(far.address)),
  ]);
  for await (const [message] of far.messages()) {
    expect([...message!.bodyView]).toEqual([7]);
    break;
  }
});
