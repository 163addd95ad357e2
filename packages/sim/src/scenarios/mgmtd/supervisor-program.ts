/** What starts a storage node's process again also says at once that it is dead, so that nobody waits for its lease. */
import { isPondError } from "@smallpond/base";
import { type DeadReport, MgmtdClient, REPORT_DEAD, silentLogger } from "@smallpond/fs-core";
import { testClients } from "@smallpond/fs-core/testing";
import type { Program } from "../../world/process.ts";
import { addressOf, memberCredentials } from "../mind/cluster.ts";

export interface SupervisorOptions {
  readonly minds: readonly string[];
  /** Lives that have ended and were not reported, the first first. */
  readonly ended: DeadReport[];
  readonly lookMs: number;
}

export function supervisorProgram({ minds, ended, lookMs }: SupervisorOptions): Program {
  return async (seams) => {
    const { clock, random, stop, probes } = seams;
    const clients = testClients(
      { ...seams, random: random.fork("clients") },
      { credentials: memberCredentials() },
    );
    const client = new MgmtdClient(
      { callers: clients, clock, random: random.fork("client"), log: silentLogger() },
      { managers: minds.map(addressOf) },
    );
    while (!stop.aborted) {
      await clock.sleep(2 * lookMs * random.next());
      const report = ended[0];
      if (report === undefined) continue;
      try {
        await client.call(REPORT_DEAD, report, { timeoutMs: 1000 });
        probes.mark("a dead node was reported");
        ended.shift();
      } catch (error) {
        if (!isPondError(error) || error.kind === "internal") throw error;
      }
    }
    await clients.close();
  };
}
