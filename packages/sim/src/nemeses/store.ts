/** A shared store that loses requests and answers, writes late, or is slow. */
import type { Nemesis } from "../scenario/scenario.ts";
import { NO_STORE_FAULTS, type SharedStore } from "../store/shared-store.ts";
import { type NemesisTiming, pick, strikeOften } from "./partitions.ts";

export function storeFaults(store: SharedStore, timing: NemesisTiming): Nemesis {
  return {
    name: "store faults",
    async run(arena) {
      await strikeOften(arena, timing, () => {
        const { random } = arena;
        const share = pick(random, [0.01, 0.1, 0.5]);
        store.setFaults(
          pick(random, [
            { lostShare: share },
            { unansweredShare: share },
            { lateShare: share },
            { slowness: pick(random, [5, 50, 200]) },
          ]),
        );
        return () => store.setFaults(NO_STORE_FAULTS);
      });
      store.setFaults(NO_STORE_FAULTS);
    },
  };
}
