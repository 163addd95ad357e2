/** Entry of an executor process: one DuckDB, one task after another, until the parent goes away. */
import { errorFromJson, errorToJson, formatError } from "@smallpond/base";
import { NodeClock, NodeDisk, NodeRandom } from "@smallpond/base/platform/node";
import { Database, type DatabaseConnection } from "../duckdb/database.ts";
import { runFunctionTask } from "../execution/function-task.ts";
import { type RunContext, runTask } from "../execution/run-task.ts";
import type { Task, TaskResult } from "../execution/task.ts";
import { Udfs } from "../execution/udfs.ts";
import { executorFunctions } from "./executor-functions.ts";
import type { ExecutorSettings, FromExecutor, ToExecutor } from "./messages.ts";
import { watchParent } from "./parent-watch.ts";
import { machineFiles } from "./remote-clusters.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as ExecutorSettings;
const files = machineFiles({ local: new NodeDisk(), clock: new NodeClock(), random: new NodeRandom() });
const { disk } = files;
const database = await Database.open(settings, { remote: files.stage(`${settings.tempDirectory}/3fs`) });
const host = executorFunctions(send);
const udfs = new Udfs(database, host.load);
const running = new Map<number, AbortController>();
type Limits = Pick<Extract<ToExecutor, { kind: "run" }>, "threads" | "memoryBytes">;
let limits: Limits = { threads: 0, memoryBytes: 0 };

process.on("message", (message: ToExecutor) => {
  switch (message.kind) {
    case "run":
      return void run(message);
    case "interrupt":
      return running.get(message.id)?.abort(errorFromJson({ name: "Error", message: "interrupted" }));
    case "permit":
      return host.permit(message.request);
    case "close":
      return void close();
    default:
      message satisfies never;
  }
});
// The parent is gone or wants this process to end; there is nobody left to work for.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
send({ kind: "ready" });

async function run(message: Extract<ToExecutor, { kind: "run" }>): Promise<void> {
  const controller = new AbortController();
  running.set(message.id, controller);
  try {
    await using connection = await database.connect();
    await limit(connection, message);
    const result = await runAny({ connection, disk, signal: controller.signal }, message.task);
    send({ kind: "done", id: message.id, result });
  } catch (error) {
    send({ kind: "failed", id: message.id, error: errorToJson(error) });
  } finally {
    running.delete(message.id);
  }
}

async function runAny(context: RunContext, task: Task): Promise<Omit<TaskResult, "peakMemoryBytes">> {
  const called = task.udfs ?? [];
  if (task.kind === "function" || called.length > 0) watchParent();
  await udfs.register(called);
  if (task.kind !== "function") return await runTask(context, task);
  await using input = await database.connect();
  return await runFunctionTask({ ...context, ...host, input }, task);
}

/** Lets functions give up what they hold. The parent ends the process afterwards. */
async function close(): Promise<void> {
  try {
    await host.functions.close();
    await files.clusters.close();
  } catch (error) {
    process.stderr.write(`${formatError(error)}\n`);
  }
  send({ kind: "closed" });
}

/** The limits hold for the whole engine, and most tasks have those of the task before. */
async function limit(connection: DatabaseConnection, { threads, memoryBytes }: Limits): Promise<void> {
  if (limits.threads !== threads) await connection.run(`SET threads = ${threads}`);
  const kib = Math.max(1, Math.floor(memoryBytes / 1024));
  if (limits.memoryBytes !== memoryBytes) await connection.run(`SET memory_limit = '${kib}KiB'`);
  limits = { threads, memoryBytes };
}

function send(message: FromExecutor): void {
  process.send?.(message);
}
