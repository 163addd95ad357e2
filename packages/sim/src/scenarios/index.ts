/** Every scenario there is, by name. */
import type { Scenario } from "../scenario/scenario.ts";
import { chunkStoreScenario, STORE_BUGS } from "./chunk-store/scenario.ts";
import { FS_BUGS } from "./fs/bugs.ts";
import { fsScenario } from "./fs/scenario.ts";
import { metaScenario } from "./meta/scenario.ts";
import { BUGS } from "./metastore/bugs.ts";
import { metastoreScenario } from "./metastore/scenario.ts";
import { mgmtdScenario } from "./mgmtd/scenario.ts";
import { META_BUGS, MGMTD_BUGS } from "./mind/bugs.ts";
import { rpcScenario } from "./rpc/scenario.ts";
import { toyScenario } from "./toy/scenario.ts";

export const SCENARIOS: readonly Scenario[] = [
  toyScenario(),
  toyScenario("ack-before-replicate"),
  toyScenario("stale-read-after-failover"),
  toyScenario("lost-dedupe"),
  toyScenario("unsynced-commit"),
  rpcScenario(),
  rpcScenario("sent-again"),
  metastoreScenario(),
  mgmtdScenario(),
  ...MGMTD_BUGS.map((bug) => mgmtdScenario(bug)),
  metaScenario(),
  ...META_BUGS.map((bug) => metaScenario(bug)),
  ...BUGS.map((bug) => metastoreScenario(bug)),
  fsScenario(),
  ...FS_BUGS.map((bug) => fsScenario(bug)),
  chunkStoreScenario(),
  ...STORE_BUGS.map((bug) => chunkStoreScenario(bug)),
];

export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}

export { toyScenario };
