/** Calls over a network that loses, doubles and delays, between processes that die. */
import { testScenario } from "./scenario-tests.ts";

testScenario("rpc", { cleanSeeds: 40, canarySeeds: 40 });
