/**
 * Mistakes that a metastore is most likely to be shipped with, planted from outside: into the store it is given, its
 * settings, or what its users get. Each is a canary of its own.
 */
import type {
  Caller,
  CallOptions,
  Metastore,
  MetastoreNodeSettings,
  Method,
  OrderedStore,
} from "@smallpond/fs-core";
import { blind } from "./blind.ts";

export interface Bug {
  readonly name: string;
  /** What everybody shares. */
  readonly shared: (store: OrderedStore) => OrderedStore;
  /** What a node is given instead of the store. */
  readonly store: (store: OrderedStore) => OrderedStore;
  /** What its users get instead of the node. */
  readonly metastore: (metastore: Metastore) => Metastore;
  /** How it reaches the others. */
  readonly caller: (caller: Caller) => Caller;
  readonly lease: NonNullable<MetastoreNodeSettings["lease"]>;
}

/** The metastore as it is. */
export const NO_BUG: Bug = {
  name: "",
  shared: (store) => store,
  store: (store) => store,
  metastore: (metastore) => metastore,
  caller: (caller) => caller,
  lease: {},
};

export const BUGS: readonly Bug[] = [
  { ...NO_BUG, name: "no-epoch-check", shared: unfenced },
  // Owners take it that they serve for far longer than others wait for them.
  { ...NO_BUG, name: "lease-not-checked-on-reads", lease: { clockDriftMax: -0.8 } },
  { ...NO_BUG, name: "conflicts-ignored", metastore: blind },
  { ...NO_BUG, name: "unknown-means-not-written", store: optimistic },
  { ...NO_BUG, name: "commit-applied-twice", caller: twice },
];

/** Writes whatever epoch it is. */
function unfenced(store: OrderedStore): OrderedStore {
  return withApply(store, async (batch) => {
    const { epoch } = await store.ownership();
    return store.apply(batch, { epoch });
  });
}

/** Takes it that what was not acknowledged was not written. */
function optimistic(store: OrderedStore): OrderedStore {
  return withApply(store, async (batch, options) => {
    const outcome = await store.apply(batch, options);
    return outcome === "unknown" ? "fenced" : outcome;
  });
}

function withApply(store: OrderedStore, apply: OrderedStore["apply"]): OrderedStore {
  return {
    snapshot: (options) => store.snapshot(options),
    apply,
    ownership: () => store.ownership(),
    acquire: (options) => store.acquire(options),
    renew: (options) => store.renew(options),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** Forgets which commit it was that it sends again. */
function twice(caller: Caller): Caller {
  return {
    async call<Q, A>(method: Method<Q, A>, question: Q, options?: CallOptions): Promise<A> {
      const answer = await caller.call(method, question, options);
      if (method.name !== "metastore.commit" || !(question instanceof Uint8Array)) return answer;
      const again = Uint8Array.from(question);
      // Its identity comes first.
      again[0]! ^= 1;
      await caller.call(method, again as Q, options).catch(() => {});
      return answer;
    },
  };
}
