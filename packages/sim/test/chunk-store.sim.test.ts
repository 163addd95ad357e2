/** The chunks of one target under power cuts, torn writes, failing, full and rotting disks. */
import { testScenario } from "./scenario-tests.ts";

testScenario("chunk-store", {
  cleanSeeds: 30,
  canarySeeds: 200,
  rare: [
    "chunk store: damage refused",
    "chunk store: filled again after a power cut",
    "store: a torn tail was cut",
  ],
});
