import { afterEach, describe, expect, it } from "vitest";
import type { ClientId, NodeId } from "../../src/ids.ts";
import { MgmtdClient } from "../../src/mgmtd/agent/mgmtd-client.ts";
import type { Config } from "../../src/mgmtd/model/config.ts";
import type { HeartbeatQuestion } from "../../src/mgmtd/service/messages.ts";
import { HEARTBEAT, LIST_SESSIONS, PRIMARY, WATCH_ROUTING } from "../../src/mgmtd/service/methods.ts";
import { c, n, TestCluster, t } from "./support/cluster.ts";
import { addressOf } from "./support/fake-wire.ts";

let cluster: TestCluster;
afterEach(() => cluster.down());

const FIRST = "a".repeat(32);

function beat(changes: Partial<HeartbeatQuestion> = {}): HeartbeatQuestion {
  return {
    term: 1n,
    node: n(7),
    kind: "meta",
    incarnation: FIRST,
    version: 1n,
    addresses: [addressOf("x")],
    host: "h7",
    configVersion: 0,
    configError: undefined,
    targets: [],
    ...changes,
  };
}

/** As the node that the connection is of. */
function send(question: HeartbeatQuestion, node: NodeId | undefined = question.node) {
  const callers = cluster.wire.callers("x", { kind: "member", node });
  return cluster.inTime(callers.to(addressOf("m1")).call(HEARTBEAT, question));
}

async function up(settings: object = {}): Promise<void> {
  cluster = new TestCluster(["m1", "m2"]);
  cluster.startManager("m1", settings);
  await cluster.pass(200);
}

describe("a heartbeat", () => {
  it("grants a lease, and makes the node known", async () => {
    await up();
    expect(await send(beat())).toMatchObject({
      leaseMs: 10_000,
      heartbeatMs: 2000,
      routingVersion: 1n,
      release: [],
    });
    expect(await send(beat({ version: 2n }))).toMatchObject({ routingVersion: 1n });
  });

  it("is refused when it is not newer than the last, and told the last", async () => {
    await up();
    await send(beat({ version: 8n }));
    for (const version of [8n, 3n]) {
      await expect(send(beat({ version }))).rejects.toMatchObject({
        code: "STALE_HEARTBEAT",
        details: { last: 8n },
      });
    }
    await send(beat({ version: 9n }));
  });

  it("is refused of another node than the connection is of, and of a member that is none", async () => {
    await up();
    await send(beat());
    const refused = { code: "WRONG_NODE", kind: "invalid" };
    await expect(send(beat({ version: 2n }), n(8))).rejects.toMatchObject(refused);
    const nobody = cluster.wire.callers("x").to(addressOf("m1"));
    const sent = cluster.inTime(nobody.call(HEARTBEAT, beat({ version: 2n })));
    await expect(sent).rejects.toMatchObject(refused);
    // Nothing of it was noted.
    await send(beat({ version: 2n }));
  });

  it("is refused when it was meant for another term", async () => {
    await up();
    for (const term of [0n, 2n])
      await expect(send(beat({ term }))).rejects.toMatchObject({ code: "WRONG_TERM" });
  });

  it("is refused of a life that a supervisor saw end, and not of the next", async () => {
    await up();
    await send(beat());
    await cluster.inTime(cluster.admin.reportDead(n(7), FIRST));
    await expect(send(beat({ version: 2n }))).rejects.toMatchObject({ code: "NODE_DEAD", kind: "closed" });
    await send(beat({ version: 3n, incarnation: "b".repeat(32) }));
    // What is said of the first life now comes too late.
    await cluster.inTime(cluster.admin.reportDead(n(7), FIRST));
    await send(beat({ version: 4n, incarnation: "b".repeat(32) }));
  });

  it("is refused of a process whose number another one has taken over", async () => {
    await up();
    await send(beat());
    await send(beat({ version: 2n, incarnation: "b".repeat(32) }));
    await expect(send(beat({ version: 3n }))).rejects.toMatchObject({ code: "NODE_DEAD" });
    await send(beat({ version: 4n, incarnation: "b".repeat(32) }));
  });

  it("is refused of a node of another kind, a disabled one, and an unknown one if so set", async () => {
    await up();
    await send(beat());
    await expect(send(beat({ version: 2n, kind: "storage" }))).rejects.toMatchObject({
      code: "UNKNOWN_NODE",
    });
    await cluster.operate({ kind: "enableNode", node: n(7), enabled: false });
    await expect(send(beat({ version: 3n }))).rejects.toMatchObject({ code: "NODE_DISABLED" });
    await cluster.operate({ kind: "enableNode", node: n(7), enabled: true });
    await send(beat({ version: 4n }));
  });

  it("is refused of an unregistered node where operators register them", async () => {
    await up({ registerUnknownNodes: false });
    await expect(send(beat())).rejects.toMatchObject({ code: "UNKNOWN_NODE" });
    await cluster.operate({ kind: "registerNode", node: n(7), nodeKind: "meta", host: "rack 1", tags: [] });
    await send(beat());
  });

  it("is refused with a configuration that nobody has set", async () => {
    await up();
    await expect(send(beat({ configVersion: 1 }))).rejects.toMatchObject({ code: "CONFIG_AHEAD" });
  });

  it("does not take a target away from a node that may have it", async () => {
    await up();
    const report = {
      target: t(1),
      disk: 0,
      local: "online",
      chainVersion: 0,
      usedBytes: 0n,
      capacityBytes: 0n,
    } as const;
    const mine = { kind: "storage", targets: [report] } as const;
    await send(beat({ ...mine }));
    await send(beat({ ...mine, node: n(8), incarnation: "c".repeat(32) }));
    const { orphans } = await cluster.inTime(cluster.admin.status());
    expect(orphans).toEqual([{ id: 1, node: 7, disk: 0, hold: "none" }]);
    // The first node says that it does not have it any more.
    await send(beat({ ...mine, version: 2n, targets: [] }));
    await send(beat({ ...mine, version: 2n, node: n(8), incarnation: "c".repeat(32) }));
    const later = await cluster.inTime(cluster.admin.status());
    expect(later.orphans).toEqual([{ id: 1, node: 8, disk: 0, hold: "none" }]);
    expect(later.nodes.map(({ node, targets }) => [node, targets.length])).toEqual([
      [7, 0],
      [8, 1],
    ]);
  });

  it("is answered by the primary alone, and anybody says who that is", async () => {
    await up();
    cluster.startManager("m2");
    await cluster.clock.advance(2000);
    const m2 = cluster.wire.callers("x").to(addressOf("m2"));
    await expect(cluster.inTime(m2.call(HEARTBEAT, beat()))).rejects.toMatchObject({ code: "NOT_PRIMARY" });
    const answer = await cluster.inTime(m2.call(PRIMARY, undefined));
    expect(answer).toEqual({ primary: { node: 900, term: 1n, addresses: [addressOf("m1")] } });
  });
});

describe("an operator's hold", () => {
  it("waits for a node that does not hear of it, until its lease has run out", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(2);
    cluster.wire.cut("s2");
    await cluster.operate({ kind: "holdTarget", target: t(2), hold: "orderly" });
    await cluster.clock.advance(7000);
    expect(cluster.shown(1)).toBe("1 serving, 2 serving");
    await cluster.until(() => cluster.shown(1) === "1 serving, 2 offline", 6000);
  });
});

describe("the routing", () => {
  it("is told in pieces and as what changed", async () => {
    await up({ changesMax: 10 });
    for (let id = 1; id <= 30; id++) {
      const nodes = {
        kind: "registerNode",
        node: n(id),
        nodeKind: "storage",
        host: `h${id}`,
        tags: [],
      } as const;
      await cluster.operate(nodes);
    }
    const ask = (since: bigint) =>
      cluster.inTime(cluster.wire.callers("x").to(addressOf("m1")).call(WATCH_ROUTING, { since, waitMs: 0 }));
    const first = await ask(0n);
    expect(first).toMatchObject({ version: 1n, more: true });
    let pieces = 1;
    let nodes = first.nodes.length;
    for (let at = first; at.more; pieces++) {
      at = await ask(at.version);
      nodes += at.nodes.length;
    }
    expect({ pieces, nodes }).toEqual({ pieces: 30, nodes: 30 });
    await cluster.operate({ kind: "drainNode", node: n(4), draining: true });
    const after = await ask(30n);
    expect(after).toMatchObject({ version: 31n, more: false });
    expect(after.nodes.map(({ id }) => id)).toEqual([4]);
    // Seen from before, the node that changed again is not told twice.
    expect((await ask(3n)).nodes.map(({ id }) => id)).not.toContain(4);
    expect((await ask(31n)).nodes).toEqual([]);
  });

  it("is waited for until something changes", async () => {
    await up();
    const caller = cluster.wire.callers("x").to(addressOf("m1"));
    let answered: bigint | undefined;
    void caller.call(WATCH_ROUTING, { since: 0n, waitMs: 5000 }).then(({ version }) => (answered = version));
    await cluster.clock.advance(2000);
    expect(answered).toBeUndefined();
    await cluster.operate({ kind: "registerNode", node: n(1), nodeKind: "meta", host: "h", tags: [] });
    expect(answered).toBe(1n);
    const idle = caller.call(WATCH_ROUTING, { since: 1n, waitMs: 5000 });
    expect((await cluster.inTime(idle, 5100)).version).toBe(1n);
  });

  it("keeps its versions under the next primary", async () => {
    await up();
    for (let id = 1; id <= 5; id++) {
      await cluster.operate({ kind: "registerNode", node: n(id), nodeKind: "meta", host: "h", tags: [] });
    }
    await cluster.inTime(cluster.managers.get("m1")!.stop(), 500);
    cluster.startManager("m2");
    await cluster.pass(500);
    const caller = cluster.wire.callers("x").to(addressOf("m2"));
    const changes = await cluster.inTime(caller.call(WATCH_ROUTING, { since: 3n, waitMs: 0 }));
    expect(changes.nodes.map(({ id }) => id)).toEqual([4, 5]);
    expect(changes.version).toBe(5n);
  });
});

describe("clients", () => {
  const client = (id: number): ClientId => id.toString(16).padStart(32, "0") as ClientId;

  async function connect(
    id: number,
  ): Promise<{ stop(): void; readonly ended: Promise<void>; readonly configs: Config[] }> {
    const stop = new AbortController();
    const user = { uid: id, gid: 1, groups: [], admin: false };
    const configs: Config[] = [];
    const connected = cluster.client(
      { kind: "user", user },
      { client: client(id), about: `client ${id}` },
      (config) => configs.push(config),
    );
    const ended = connected.run({ signal: stop.signal });
    await cluster.clock.advance(300);
    return { stop: () => stop.abort(new Error("stop")), ended, configs };
  }

  it("are alive while they say so, gone some time later, and unknown to a new primary at first", async () => {
    await up();
    const one = await connect(1);
    const states = () => cluster.inTime(cluster.admin.clientStates([client(1), client(2)]));
    expect(await states()).toEqual(["alive", "unknown"]);
    await cluster.clock.advance(61_000);
    expect(await states()).toEqual(["alive", "gone"]);
    const { sessions, total } = await cluster.inTime(cluster.admin.call(LIST_SESSIONS, undefined));
    expect(total).toBe(1);
    expect(sessions[0]).toMatchObject({ client: client(1), about: "client 1", uid: 1 });
    cluster.wire.cut(`client${cluster.lastClient}`);
    await cluster.clock.advance(70_000);
    expect(await states()).toEqual(["gone", "gone"]);
    one.stop();
    await cluster.inTime(one.ended, 20_000);
  });

  it("end their session when they stop", async () => {
    await up();
    const one = await connect(1);
    await cluster.clock.advance(61_000);
    one.stop();
    await cluster.inTime(one.ended, 3000);
    expect(await cluster.inTime(cluster.admin.clientStates([client(1)]))).toEqual(["gone"]);
  });

  it("cannot take over another user's session, nor be more than the limit", async () => {
    await up({ sessionsMax: 1 });
    const one = await connect(1);
    const other = cluster.client({ kind: "user", user: { uid: 9, gid: 1, groups: [], admin: false } });
    const { EXTEND_SESSION, END_SESSION } = await import("../../src/mgmtd/service/methods.ts");
    const question = { client: client(1), about: "", configVersion: 0 };
    await expect(cluster.inTime(other.call(EXTEND_SESSION, question))).rejects.toMatchObject({
      code: "NOT_ALLOWED",
    });
    await expect(cluster.inTime(other.call(END_SESSION, { client: client(1) }))).rejects.toMatchObject({
      code: "NOT_ALLOWED",
    });
    const second = other.call(EXTEND_SESSION, { ...question, client: client(2) });
    await expect(cluster.inTime(second)).rejects.toMatchObject({ code: "TOO_MANY" });
    one.stop();
    await cluster.inTime(one.ended, 3000);
  });
});

describe("configurations", () => {
  it("reach nodes with their next heartbeat, and keep their history", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(1);
    const { storage } = cluster.nodes.get(1)!;
    const set = (text: string, basedOn: number) =>
      cluster.inTime(cluster.admin.setConfig({ kind: "storage", text, note: `note of ${text}`, basedOn }));
    expect(await set("a = 1", 0)).toBe(1);
    expect(await set("a = 2", 1)).toBe(2);
    await expect(set("a = 3", 1)).rejects.toMatchObject({ code: "CONFIG_CONFLICT", details: { newest: 2 } });
    await cluster.clock.advance(3000);
    expect(storage.configs.map(({ text }) => text)).toEqual(["a = 2"]);
    const history = await cluster.inTime(cluster.admin.configHistory("storage", 10));
    expect(history.map(({ version, text, note, author }) => [version, text, note, author])).toEqual([
      [2, "a = 2", "note of a = 2", "a member"],
      [1, "a = 1", "note of a = 1", "a member"],
    ]);
    expect((await cluster.inTime(cluster.admin.config("storage", 1)))?.text).toBe("a = 1");
    expect(await cluster.inTime(cluster.admin.config("storage", 3))).toBeUndefined();
    expect(await cluster.inTime(cluster.admin.config("meta"))).toBeUndefined();
  });

  it("that a node refuses are told, and the old one stays", async () => {
    cluster = new TestCluster();
    await cluster.upWithChain(1);
    cluster.nodes.get(1)!.storage.refuses = "no such setting";
    await cluster.inTime(cluster.admin.setConfig({ kind: "storage", text: "bad", note: "", basedOn: 0 }));
    await cluster.clock.advance(5000);
    const { nodes } = await cluster.inTime(cluster.admin.status());
    expect(nodes[0]).toMatchObject({ node: 1, configVersion: 1, configError: "Error: no such setting" });
  });

  it("survive the primary", async () => {
    await up();
    await cluster.inTime(cluster.admin.setConfig({ kind: "client", text: "x", note: "", basedOn: 0 }));
    await cluster.inTime(cluster.managers.get("m1")!.stop(), 500);
    cluster.startManager("m2");
    await cluster.pass(500);
    expect((await cluster.inTime(cluster.admin.config("client"), 2000))?.version).toBe(1);
  });
});

describe("a client without managers", () => {
  it("is told that there is no primary", async () => {
    cluster = new TestCluster(["m1"]);
    const call = cluster.admin.operate({ kind: "rotateToPreferred", chain: c(1) }, { timeoutMs: 1000 });
    await expect(cluster.inTime(call, 3000)).rejects.toMatchObject({ code: "NO_PRIMARY" });
    expect(cluster.admin).toBeInstanceOf(MgmtdClient);
  });
});
