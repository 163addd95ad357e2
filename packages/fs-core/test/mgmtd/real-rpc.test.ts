import { isPondError, NO_PROBES, SeededRandom, toHex } from "@smallpond/base";
import { ManualClock, MemoryNet } from "@smallpond/base/testing";
import { describe, expect, it } from "vitest";
import { MgmtdClient } from "../../src/mgmtd/agent/mgmtd-client.ts";
import { hostWithoutTargets, NodeAgent } from "../../src/mgmtd/agent/node-agent.ts";
import { MgmtdService } from "../../src/mgmtd/service/mgmtd-service.ts";
import { silentLogger } from "../../src/service/log.ts";
import { Metrics } from "../../src/service/metrics.ts";
import { openMemoryMetastore } from "../../src/testing/memory-metastore.ts";
import { TEST_MEMBER, testClients, testServer } from "../../src/testing/rpc.ts";
import type { Credentials } from "../../src/wire/index.ts";
import { n } from "./support/cluster.ts";

const ADDRESS = { kind: "tcp", host: "127.0.0.1", port: 9000 } as const;

describe("a cluster manager behind real frames", () => {
  it("is found, hears an agent, pushes the routing, and tells errors with their details", async () => {
    const clock = new ManualClock();
    const random = new SeededRandom(5);
    const common = { clock, random, probes: NO_PROBES, log: silentLogger() };
    const net = new MemoryNet();
    const { server, router } = testServer({ ...common, net });
    const metrics = new Metrics();
    const service = new MgmtdService(
      { ...common, metrics, metastore: openMemoryMetastore(common) },
      { node: n(1), incarnation: toHex(random.bytes(16)), addresses: [ADDRESS] },
    );
    service.offer(router);
    await server.listen(ADDRESS);
    const clients = testClients({ ...common, net });
    const stop = new AbortController();
    const running = [service.run({ signal: stop.signal })];
    const credentials = { ...TEST_MEMBER, node: n(2) } as Credentials;
    const nodeClients = testClients({ ...common, net }, { credentials });
    const agent = new NodeAgent(
      { ...common, callers: nodeClients, host: hostWithoutTargets() },
      {
        node: n(2),
        kind: "meta",
        incarnation: toHex(random.bytes(16)),
        addresses: [ADDRESS],
        hostTag: "h2",
        managers: [ADDRESS],
      },
    );
    const client = new MgmtdClient({ ...common, callers: clients }, { managers: [ADDRESS] });
    running.push(agent.run({ signal: stop.signal }), client.run({ signal: stop.signal }));
    const pass = async (ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 10) await clock.advance(10);
    };
    await pass(5000);
    expect(agent.lease.holds()).toBe(true);
    expect(client.routing.nodes.get(n(2))).toMatchObject({ status: "alive", host: "h2" });

    const drained = client.operate({ kind: "drainNode", node: n(2), draining: true });
    await pass(100);
    const { routingVersion } = await drained;
    expect(agent.routing.version).toBe(routingVersion);
    expect(agent.routing.nodes.get(n(2))!.draining).toBe(true);
    expect(metrics.text()).toContain('pond_mgmtd_nodes{status="alive"} 1');

    const set = client
      .setConfig({ kind: "meta", text: "", note: "", basedOn: 4 })
      .catch((error: unknown) => error);
    await pass(100);
    const error = await set;
    expect(isPondError(error, "CONFIG_CONFLICT")).toBe(true);
    expect(error).toMatchObject({ kind: "conflict", details: { newest: 0 } });

    stop.abort(new Error("stop"));
    await pass(3000);
    await Promise.all(running);
    const closing = Promise.all([clients.close(), nodeClients.close(), server.close()]);
    await pass(3000);
    await closing;
  });
});
