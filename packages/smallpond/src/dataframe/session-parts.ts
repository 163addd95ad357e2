/** What a session is made of: its engine, the job's directory, what knows its functions, and the runner at home. */
import type { Clock, Disk, Random } from "@smallpond/base";
import { Database, type DatabaseConnection } from "../duckdb/database.ts";
import { SqlParser } from "../duckdb/parser.ts";
import type { RemoteFiles } from "../duckdb/remote-files.ts";
import { FunctionPool } from "../execution/function-pool.ts";
import type { FunctionHost } from "../execution/function-task.ts";
import { InlineRunner } from "../execution/inline-runner.ts";
import { RateLimiter } from "../execution/rate-limiter.ts";
import { ownResidentBytes } from "../platform/resident-bytes.ts";
import { JobDirectory } from "../storage/job-directory.ts";
import type { Owners } from "../storage/owner.ts";
import { FunctionRegistry } from "./function-registry.ts";
import { functionShipping } from "./function-shipping.ts";
import type { SessionSettings } from "./init-options.ts";
import { UdfRegistry } from "./udf-registry.ts";

export interface SessionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly owners: Owners;
  /** Files of clusters, where sessions know any. */
  readonly remote?: SessionRemote;
}

export interface SessionRemote {
  /** Has statements read and write them, by way of a directory of this machine. */
  stage(directory: string): RemoteFiles;
  /** The session is over. */
  close(): Promise<void>;
}

export interface SessionParts {
  readonly database: Database;
  readonly planning: DatabaseConnection;
  readonly loading: DatabaseConnection;
  readonly directory: JobDirectory;
  readonly parser: SqlParser;
  readonly functions: FunctionRegistry;
  readonly udfs: UdfRegistry;
  readonly calls: FunctionHost;
  readonly home: InlineRunner;
  /** DuckDB's. */
  readonly version: string;
}

/** Tasks at once in the session's own process. */
const INLINE_SLOTS_MAX = 4;
/** DuckDB's part of the memory limit, which counts the whole process. */
const ENGINE_SHARE = 0.5;

/** Where files of clusters are kept while a process needs them. */
export function stagingDirectory(tempDirectory: string): string {
  return `${tempDirectory}/3fs`;
}

export async function openParts(deps: SessionDeps, settings: SessionSettings): Promise<SessionParts> {
  const { clock, random, disk } = deps;
  const directory = new JobDirectory(deps, settings);
  await directory.open();
  const { threads, memoryBytes, timeZone, int64 } = settings;
  const database = await Database.open(
    {
      threads,
      memoryBytes: Math.floor(memoryBytes * ENGINE_SHARE),
      tempDirectory: directory.tempPath,
      timeZone,
    },
    { remote: deps.remote?.stage(stagingDirectory(directory.tempPath)) },
  );
  const planning = await database.connect();
  const loading = await database.connect();
  const { version } = await planning.row("SELECT version() AS version");
  const parser = new SqlParser(planning);
  const shipping = functionShipping(disk, directory.files.functions);
  const functions = new FunctionRegistry(shipping);
  const udfs = new UdfRegistry({ shipping, database, planning, parser, int64 });
  const calls: FunctionHost = {
    functions: new FunctionPool(functions.load),
    calls: { clock, random, permits: new RateLimiter(clock) },
  };
  const home = new InlineRunner(
    { clock, disk, database, functions: calls, residentBytes: ownResidentBytes },
    { slots: Math.min(threads, INLINE_SLOTS_MAX), threads, memoryBytes },
  );
  return {
    database,
    planning,
    loading,
    directory,
    parser,
    functions,
    udfs,
    calls,
    home,
    version: version as string,
  };
}
