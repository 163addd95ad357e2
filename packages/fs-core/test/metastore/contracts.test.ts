import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { LocalMetastore, MemoryStore, MemoryStoreState } from "@smallpond/fs-core";
import { openLmdbStore } from "@smallpond/fs-core/platform";
import {
  type MetastoreUnderTest,
  metastoreContract,
  orderedStoreContract,
  type StoreUnderTest,
} from "@smallpond/fs-core/testing";
import { describe, test } from "vitest";
import { Cluster } from "./cluster.ts";

describe("the store in memory", () => {
  const setup = async (): Promise<StoreUnderTest> => {
    const state = new MemoryStoreState();
    const [store, other] = [new MemoryStore({ state }), new MemoryStore({ state })];
    return { store, other, [Symbol.asyncDispose]: async () => {} };
  };
  for (const { name, run } of orderedStoreContract(setup)) test(name, run);
});

describe("the store on disk", () => {
  const setup = async (): Promise<StoreUnderTest> => {
    const directory = await mkdtemp(join(tmpdir(), "pond-metastore-"));
    const [store, other] = [await openLmdbStore({ directory }), await openLmdbStore({ directory })];
    const end = async (): Promise<void> => {
      await Promise.all([store.close(), other.close()]);
      await rm(directory, { recursive: true });
    };
    return { store, other, [Symbol.asyncDispose]: end };
  };
  for (const { name, run } of orderedStoreContract(setup)) test(name, run);
});

describe("the engine over a store on disk", () => {
  const setup = async (): Promise<MetastoreUnderTest> => {
    const directory = await mkdtemp(join(tmpdir(), "pond-metastore-"));
    const clock = new ManualClock();
    const store = await openLmdbStore({ directory });
    const metastore = new LocalMetastore({ store, clock, random: new SeededRandom(1) });
    const end = async (): Promise<void> => {
      await metastore.close();
      await store.close();
      await rm(directory, { recursive: true });
    };
    const advance = async (ms: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await clock.advance(ms);
    };
    return { metastore, other: metastore, advance, [Symbol.asyncDispose]: end };
  };
  for (const { name, run } of metastoreContract(setup)) test(name, run);
});

describe("the engine over a store in memory", () => {
  const setup = async (): Promise<MetastoreUnderTest> => {
    const clock = new ManualClock();
    const store = new MemoryStore({ state: new MemoryStoreState() });
    const metastore = new LocalMetastore({ store, clock, random: new SeededRandom(1) });
    const advance = (ms: number): Promise<void> => clock.advance(ms);
    return { metastore, other: metastore, advance, [Symbol.asyncDispose]: () => metastore.close() };
  };
  for (const { name, run } of metastoreContract(setup)) test(name, run);
});

describe("a node that reaches the owner over the network", () => {
  const setup = async (): Promise<MetastoreUnderTest> => {
    const cluster = new Cluster();
    const [owner, other] = await cluster.pair();
    return {
      metastore: other.node,
      other: owner.node,
      advance: (ms) => cluster.clock.advance(ms),
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  };
  for (const { name, run } of metastoreContract(setup)) test(name, run);
});
