/** A client's way into a simulated cluster: its callers, its identity, and its session with the cluster manager. */
import type { Tasks } from "@smallpond/base";
import { type ClientId, MetaCaller, MgmtdClient, newRandomId, silentLogger } from "@smallpond/fs-core";
import { testClients } from "@smallpond/fs-core/testing";
import type { Seams } from "../../world/process.ts";
import type { Bug } from "../mind/bugs.ts";
import { addressOf, memberCredentials } from "../mind/cluster.ts";

export interface ConnectionSettings {
  readonly name: string;
  readonly minds: readonly string[];
  readonly bug: Bug;
  readonly attemptMs: number;
  readonly operationMs: number;
}

export interface Connection {
  readonly client: ClientId;
  readonly caller: MetaCaller;
  close(): Promise<void>;
}

/** The session is kept by a task, until the process is asked to stop. */
export function connect(seams: Seams, tasks: Tasks, settings: ConnectionSettings): Connection {
  const { clock, random, stop } = seams;
  const { name, minds, attemptMs, operationMs } = settings;
  const clients = testClients(
    { ...seams, random: random.fork("clients") },
    { credentials: memberCredentials() },
  );
  const client = newRandomId<ClientId>(random.fork("identity"));
  const caller = new MetaCaller(
    {
      clock,
      random: random.fork("meta"),
      callers: minds.map((mind) => settings.bug.caller(clients.to(addressOf(mind)), seams)),
    },
    { client, attemptMs, timeoutMs: operationMs },
  );
  const session = new MgmtdClient(
    { callers: clients, clock, random: random.fork("mgmtd"), log: silentLogger() },
    { managers: minds.map(addressOf), client, about: name },
  );
  tasks.spawn(() => session.run({ signal: stop }));
  return { client, caller, close: () => clients.close() };
}
