/** Transactions of several processes over one store, with takeovers, partitions and lost answers. */
import { testScenario } from "./scenario-tests.ts";

testScenario("metastore", {
  cleanSeeds: 25,
  canarySeeds: 400,
  rare: [
    "buggify:rpc.answer-lost",
    "buggify:rpc.overloaded",
    "commit: unknown",
    "metastore: a batch of unknown outcome was not-written",
    "metastore: a batch of unknown outcome was written",
    "metastore: a batch was fenced",
    "metastore: a commit sent again was committed",
    "metastore: a commit sent again was conflict",
    "metastore: a commit sent again was unknown",
    "metastore: a copy of a commit waits for the first one",
    "store: a write was late",
  ],
});
