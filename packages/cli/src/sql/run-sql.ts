/** One query from text to output; without one, the shell. */
import type { Session } from "smallpond";
import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";
import { onReaderGone } from "../output/write-out.ts";
import type { SqlOptions } from "./options.ts";
import { printCsv } from "./print-csv.ts";
import { printJson } from "./print-json.ts";
import { printTable } from "./print-table.ts";
import { queryText } from "./query-text.ts";
import { shell } from "./shell.ts";
import { sqlError } from "./sql-error.ts";
import { SqlSession } from "./sql-session.ts";
import { writeOutput } from "./write-output.ts";

export async function runSql(query: string | undefined, options: SqlOptions): Promise<void> {
  const text = await queryText(query, options);
  if (text === undefined) {
    await using opened = await SqlSession.open();
    await shell(opened.session, options);
    return;
  }
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    if (interrupt.signal.aborted) process.exit(EXIT_INTERRUPTED);
    interrupt.abort(new Error("interrupted"));
  };
  process.on("SIGINT", onInterrupt);
  try {
    await using opened = await SqlSession.open();
    onReaderGone(() => opened.close());
    await output(opened.session, text, options, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw sqlError(error);
    process.exitCode = EXIT_INTERRUPTED;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

async function output(
  session: Session,
  text: string,
  options: SqlOptions,
  signal: AbortSignal,
): Promise<void> {
  const frame = session.sql(text);
  if (options.output !== undefined) await writeOutput(frame, options.output, signal);
  else if (options.json) await printJson(frame, signal);
  else if (options.csv) await printCsv(session, frame, signal);
  else await printTable(session, frame, { all: options.all ?? false, signal });
}
