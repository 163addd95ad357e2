/** The namespace and file locks over several metadata services, judged by a model and by the file system's own checker. */
import { testScenario } from "./scenario-tests.ts";

// Few seeds: each is some ten seconds of a whole cluster. `sim:explore` runs the others.
testScenario("meta", {
  cleanSeeds: 6,
  canarySeeds: 60,
  rare: [
    "a client was told that it was given up",
    "buggify:rpc.answer-lost",
    "meta.lock.freed",
    "metastore: a batch of unknown outcome was not-written",
    "metastore: a batch of unknown outcome was written",
    "metastore: a commit sent again was committed",
    "metastore: a commit sent again was conflict",
  ],
});
