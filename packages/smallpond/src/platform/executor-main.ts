/** Entry of an executor process: one DuckDB, one task after another, until the parent goes away. */
import { errorFromJson, errorToJson } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { Database } from "../duckdb/database.ts";
import { runTask } from "../execution/run-task.ts";
import type { ExecutorSettings, FromExecutor, ToExecutor } from "./messages.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as ExecutorSettings;
const disk = new NodeDisk();
const database = await Database.open(settings);
const running = new Map<number, AbortController>();

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
    await connection.run(`SET threads = ${message.threads}`);
    await connection.run(`SET memory_limit = '${Math.max(1, Math.floor(message.memoryBytes / 1024))}KiB'`);
    const result = await runTask({ connection, disk, signal: controller.signal }, message.task);
    send({ kind: "done", id: message.id, result });
  } catch (error) {
    send({ kind: "failed", id: message.id, error: errorToJson(error) });
  } finally {
    running.delete(message.id);
  }
}

function send(message: FromExecutor): void {
  process.send?.(message);
}
