/** Entry of an executor process: one DuckDB, one task after another, until the parent goes away. */
import { errorFromJson, errorToJson } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { Database, type DatabaseConnection } from "../duckdb/database.ts";
import { runTask } from "../execution/run-task.ts";
import type { ExecutorSettings, FromExecutor, ToExecutor } from "./messages.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as ExecutorSettings;
const disk = new NodeDisk();
const database = await Database.open(settings);
const running = new Map<number, AbortController>();
type Limits = Pick<Extract<ToExecutor, { kind: "run" }>, "threads" | "memoryBytes">;
let limits: Limits = { threads: 0, memoryBytes: 0 };

process.on("message", (message: ToExecutor) => {
  if (message.kind === "run") void run(message);
  else running.get(message.id)?.abort(errorFromJson({ name: "Error", message: "interrupted" }));
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
    const result = await runTask({ connection, disk, signal: controller.signal }, message.task);
    send({ kind: "done", id: message.id, result });
  } catch (error) {
    send({ kind: "failed", id: message.id, error: errorToJson(error) });
  } finally {
    running.delete(message.id);
  }
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
