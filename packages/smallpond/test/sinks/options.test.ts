/** Every option is looked at before anything is done, and an error names it. */
import { expect, test } from "vitest";
import { failureOf } from "../support/failure.ts";
import { openWorld } from "../support/world.ts";

test.each([
  ["writeParquet", "out", { compresion: "zstd" }, "compresion"],
  ["writeParquet", "out", { compression: "none" }, "compression"],
  ["writeParquet", "out", { compression: "snappy", compressionLevel: 3 }, "compressionLevel"],
  ["writeParquet", "out", { compressionLevel: 23 }, "compressionLevel"],
  ["writeParquet", "out", { rowGroupRows: 0 }, "rowGroupRows"],
  ["writeParquet", "out", { mode: "replace" }, "mode"],
  ["writeParquet", "out", { durable: "yes" }, "durable"],
  ["writeParquet", "out", { casts: "json" }, "casts"],
  ["writeParquet", "out", { casts: { a: 1 } }, "casts"],
  ["writeParquet", "out", { fileSizeBytes: 1.5 }, "fileSizeBytes"],
  ["writeParquet", "out.parquet", { fileSizeBytes: 10 }, "fileSizeBytes"],
  ["writeParquet", "out.parquet", { partitionBy: "item" }, "partitionBy"],
  ["writeParquet", "", {}, "path"],
  ["writeCsv", "out", { delimiter: "" }, "delimiter"],
  ["writeCsv", "out", { delimiter: "a\nb" }, "delimiter"],
  ["writeCsv", "out", { delimiter: '"' }, "delimiter"],
  ["writeCsv", "out", { quote: "''" }, "quote"],
  ["writeCsv", "out", { nullText: "a,b" }, "nullText"],
  ["writeCsv", "out", { header: 1 }, "header"],
  ["writeCsv", "out.csv.gz", { compression: "zstd" }, "compression"],
  ["writeJson", "out", { format: "objects" }, "format"],
  ["writeJson", "out", { header: true }, "header"],
  ["writeArrow", "out", { partitionBy: "item" }, "partitionBy"],
  ["writeArrow", "out", { batchRows: -1 }, "batchRows"],
] as const)("%s(%j, %j) is refused and names it", async (verb, path, options, name) => {
  await using world = await openWorld();
  const frame = world.sp.sql("SELECT 1 AS item");
  const target = path === "" ? "" : world.at(path);
  const error = await failureOf(() => frame[verb](target, options as never));
  expect([error.code, error.message]).toEqual(["BAD_ARGUMENT", expect.stringContaining(name)]);
  expect(error.message).toContain(`${verb}()`);
  expect((await world.list("")).filter((one) => one.includes("out"))).toEqual([]);
});
