/** What a metadata service asks of the cluster manager, through the agent of its process. */
import type { PrimaryFinder } from "../../mgmtd/agent/primary-finder.ts";
import { latestTable, type RoutingInfo } from "../../mgmtd/model/routing.ts";
import { CLIENT_STATES } from "../../mgmtd/service/methods.ts";
import type { ChainTables } from "../namespace-deps.ts";
import type { ClientView } from "../sessions/client-view.ts";

/** A `NodeAgent` is one. */
export interface MgmtdAgent {
  readonly routing: RoutingInfo;
  readonly finder: Pick<PrimaryFinder, "call">;
}

/** The tables that the process knows of now; none before it heard of the primary. */
export function tablesOf(agent: Pick<MgmtdAgent, "routing">): ChainTables {
  return {
    latest(table) {
      const found = latestTable(agent.routing, table);
      return found && { version: found.version, chains: found.chains.length };
    },
  };
}

/** Asks the primary. */
export function clientsOf(agent: Pick<MgmtdAgent, "finder">): ClientView {
  return {
    async states(clients, options = {}) {
      const { states } = await agent.finder.call(CLIENT_STATES, { clients }, options);
      return states;
    },
  };
}
