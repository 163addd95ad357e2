/** `pond sql "…"`, `pond sql` */
import { Command, Option } from "commander";
import type { SqlOptions } from "../sql/options.ts";

export function sqlCommand(): Command {
  return new Command("sql")
    .description("Run one query, with files as tables, or open a shell when there is none.")
    .argument("[query]", "the query; - or nothing reads standard input, or opens a shell on a terminal")
    .option("--file <path>", "read the query from a file")
    .addOption(
      new Option("--json", "print one JSON array; integers above 2^53, decimals and dates as text").conflicts(
        ["csv", "output"],
      ),
    )
    .addOption(new Option("--csv", "print CSV with a header").conflicts("output"))
    .option(
      "--output <file>",
      "write a .parquet, .csv, .json, .jsonl or .arrow file, or a directory of Parquet",
    )
    .option("--all", "print all rows of the table, however many")
    .option("--verbose", "print stacks of errors")
    .addHelpText(
      "after",
      "\nExamples:\n  pond sql \"SELECT origin, avg(delay) FROM 'flights.parquet' GROUP BY ALL ORDER BY 2 DESC\"" +
        "\n  pond sql --file report.sql --output report.csv\n  pond sql",
    )
    .action(async (query: string | undefined, options: SqlOptions) => {
      const { runSql } = await import("../sql/run-sql.ts");
      await runSql(query, options);
    });
}
