/** Every suite by its name. */
import type { Suite } from "../harness/benchmark.ts";
import { functionsSuite } from "./functions/index.ts";
import { metaSuite } from "./meta/index.ts";
import { nativeSuite } from "./native/index.ts";
import { peersSuite } from "./peers/index.ts";
import { smallpondSuite } from "./smallpond/index.ts";

export const SUITES: readonly Suite[] = [smallpondSuite, functionsSuite, metaSuite, nativeSuite, peersSuite];

export function findSuite(name: string): Suite {
  const suite = SUITES.find((one) => one.name === name);
  if (suite === undefined) {
    throw new Error(`there is no suite ${name}; there are ${SUITES.map((one) => one.name).join(", ")}`);
  }
  return suite;
}
