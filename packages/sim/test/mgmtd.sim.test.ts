/** Cluster managers, chains of replicas, and storage nodes that come and go. */
import { testScenario } from "./scenario-tests.ts";

// Few seeds: each is half a minute of a whole cluster. `sim:explore` runs the others.
testScenario("mgmtd", {
  cleanSeeds: 12,
  canarySeeds: 120,
  rare: ["a dead node was reported", "mgmtd lost its term", "mgmtd yielded"],
});
