/** The pipelines that Python has too, from files to files. */
import { FILES } from "../smallpond/data.ts";
import type { OursRound } from "../smallpond/ours.ts";
import { total, totals } from "./functions.ts";

export async function writeRows({ sp, paths, target }: OursRound): Promise<string> {
  const files = paths.events.slice(0, FILES / 4);
  const sales = sp.readParquet(files).select<{ id: bigint; amount: number }>("id", "amount");
  const written = await sales.repartition(files.length).map(total).writeParquet(target);
  return `${written.rows} rows`;
}

export async function writeBatches({ sp, paths, target }: OursRound): Promise<string> {
  const sales = sp.readParquet(paths.events).select("id", "amount").repartition(FILES);
  return `${(await sales.mapBatches(totals).writeParquet(target)).rows} rows`;
}
