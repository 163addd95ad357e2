/**
 * A process of the test beside: a metastore node over a store on disk, that commits as fast as it can and prints the
 * number of each commit that was acknowledged. Arguments: the directory, its name.
 */
import { join } from "node:path";
import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { NodeClock, NodeNet } from "@smallpond/base/platform/node";
import { MetastoreMetrics, MetastoreNode, Metrics, silentLogger } from "@smallpond/fs-core";
import { openLmdbStore } from "@smallpond/fs-core/platform";
import { testClients, testServer } from "@smallpond/fs-core/testing";

const [directory, name] = process.argv.slice(2) as [string, string];
const clock = new NodeClock();
const random = new SeededRandom(name);
const deps = { net: new NodeNet(), clock, random, probes: NO_PROBES };
const store = await openLmdbStore({ directory });
const { server, router } = testServer(deps);
const clients = testClients(deps, { silenceMsMax: 1000, pingMs: 300 });
const address = { kind: "unix", path: join(directory, `${name}.sock`) } as const;
const node = new MetastoreNode(
  {
    ...deps,
    store,
    log: silentLogger(),
    metrics: new MetastoreMetrics(new Metrics()),
    callerOf: (owner) => clients.to(owner),
  },
  {
    address,
    lease: { leaseMs: 700, renewMs: 150, watchMs: 50, storeMsMax: 2000 },
    remote: { callMs: 500 },
  },
);
node.register(router);
await server.listen(address);
node.start();

/** A few at once, so that batches hold several and some are under way when the end comes. */
const WORKERS = 4;
await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(`${name}.${worker}`)));

async function work(row: string): Promise<void> {
  const key = new TextEncoder().encode(`row/${row}`);
  for (let count = 1; ; count++) {
    const value = new Uint8Array(8);
    new DataView(value.buffer).setBigInt64(0, BigInt(count), true);
    await node.transact(
      async (transaction) => {
        transaction.set(key, value);
        transaction.add(new TextEncoder().encode("total"), 1n);
      },
      { timeoutMs: 60_000 },
    );
    process.stdout.write(`${node.isOwner ? "owner" : "other"} ${row} ${count}\n`);
  }
}
