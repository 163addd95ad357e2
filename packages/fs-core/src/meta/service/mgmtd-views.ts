/** What a metadata service asks of the cluster manager, through the agent of its process. */
import { PondError } from "@smallpond/base";
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

/** The tables that the process knows of now. Before it heard of the primary it knows nothing, and says so. */
export function tablesOf(agent: Pick<MgmtdAgent, "routing">): ChainTables {
  return {
    latest(table) {
      if (agent.routing.version === 0n) throw starting();
      const found = latestTable(agent.routing, table);
      return found && { version: found.version, chains: found.chains.length };
    },
  };
}

/** That there is no such table would be remembered as the request's answer. */
function starting(): PondError<"STARTING"> {
  return new PondError("STARTING", {
    kind: "retry",
    message: "the metadata service is starting: no cluster manager has told it of the tables of chains yet",
    hint: "ask again shortly; if this stays, the service reaches no primary cluster manager",
  });
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
