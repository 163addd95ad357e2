import type { Benchmark } from "../../harness/benchmark.ts";
import { FILES } from "../smallpond/data.ts";
import { parquet } from "../smallpond/plain.ts";
import { totals, totalsOf } from "./functions.ts";
import { loop, newChunk, numbersOf, setNumbers, written } from "./loop.ts";
import { COMPARISONS, computed, LOOP, oursEverywhere } from "./sides.ts";

export const batches: Benchmark = {
  name: "batches",
  title: "mapBatches over Arrow: a BIGINT and a DOUBLE in, a BIGINT and a computed DOUBLE out, into Parquet",
  rows: (context) => context.rows,
  sides: [
    loop(LOOP, (round) =>
      written(round, async (appender) => {
        const result = await round.input.stream(`SELECT id, amount FROM ${parquet(round.paths.events)}`);
        const chunk = newChunk();
        for (
          let next = await result.fetchChunk();
          next !== null && next.rowCount > 0;
          next = await result.fetchChunk()
        ) {
          const { ids, amounts } = numbersOf(next);
          chunk.reset();
          chunk.rowCount = next.rowCount;
          setNumbers(chunk, ids, totalsOf(amounts));
          appender.appendDataChunk(chunk);
        }
      }),
    ),
    ...oursEverywhere(({ sp, paths }) =>
      computed(sp.readParquet(paths.events).select("id", "amount").repartition(FILES).mapBatches(totals)),
    ),
  ],
  comparisons: COMPARISONS,
};
