/** Files of many clients, over chains of replicas that come and go. */
import { FS_BUGS } from "../src/scenarios/fs/bugs.ts";
import { testScenario } from "./scenario-tests.ts";

/** Planted bugs and a seed that finds each: from there on, because one is found in tens of seeds, each a second long. */
const FOUND_FROM: Readonly<Record<string, number>> = {
  "fs-ack-before-forward": 4,
  "fs-new-identity-on-retry": 4,
  "fs-relaxed-reads": 301,
  "fs-no-fence": 712,
};

// `sim:explore` runs the others.
testScenario("fs", {
  cleanSeeds: 8,
  canarySeeds: 12,
  canaryFrom: FOUND_FROM,
  leftOut: FS_BUGS.map(({ name }) => `fs-${name}`).filter((name) => FOUND_FROM[name] === undefined),
});
