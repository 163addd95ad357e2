/** Runs a command of operators with connections to a cluster's manager and metadata, as the user who runs it. */
import { PondError } from "@smallpond/base";
import { type ClusterStatus, clusterStatus, parseClusterUrl } from "@smallpond/fs-core";
import { connectManager, credentialsFor, type ManagerConnection } from "@smallpond/fs-core/platform";

export interface AdminFlags {
  readonly url?: string;
  readonly json?: boolean;
}

const ANSWER_MS = 10_000;

export async function withAdmin(
  { url = process.env.POND_URL }: AdminFlags,
  work: (connection: ManagerConnection) => Promise<void>,
): Promise<void> {
  if (!url) {
    throw new PondError("BAD_USAGE", {
      kind: "invalid",
      message: "which cluster is not said",
      hint: "--url 3fs://host:port, or POND_URL",
    });
  }
  const { managers } = parseClusterUrl(url);
  const credentials = await credentialsFor(url);
  await using connection = connectManager({ managers, credentials, timeoutMs: ANSWER_MS });
  await work(connection);
}

/** Routing and reports as they are now. */
export async function standingOf({ mgmtd }: ManagerConnection): Promise<ClusterStatus> {
  const options = { timeoutMs: ANSWER_MS, signal: AbortSignal.timeout(ANSWER_MS) };
  await mgmtd.routingCache.waitFor(0n, options);
  const report = await mgmtd.status(options);
  await mgmtd.routingCache.waitFor(report.routingVersion, options);
  return clusterStatus(mgmtd.routing, report);
}

export function numberOf(text: string, what: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 0xffff_ffff) return number;
  throw new PondError("BAD_USAGE", { kind: "invalid", message: `${text} is no ${what}` });
}
