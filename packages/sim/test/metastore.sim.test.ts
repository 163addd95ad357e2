/** Transactions of several processes over one store, with takeovers, partitions and lost answers. */
import { testScenario } from "./scenario-tests.ts";

testScenario("metastore", {
  cleanSeeds: 40,
  canarySeeds: 400,
  rare: [
    "commit: unknown",
    "metastore: a commit sent again was conflict",
    "metastore: a commit sent again was unknown",
    "metastore: a copy of a commit waits for the first one",
  ],
});
