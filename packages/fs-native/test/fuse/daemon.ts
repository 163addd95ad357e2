/**
 * Mounts at the path that is given, looks at it as anybody would, says what came of it, and serves until the mount goes:
 * `daemon.ts <path> <mount options as JSON>`.
 */
import { stat } from "node:fs/promises";
import { formatError } from "@smallpond/base";
import { mountFuse, openBufferPool } from "@smallpond/fs-native";
import { serveRoot } from "./serve-root.ts";

const [path, options = "{}"] = process.argv.slice(2);
try {
  await using mount = await mountFuse(path!, JSON.parse(options));
  const serving = serveRoot(mount.device, openBufferPool());
  // By a thread of the pool: this one answers.
  const { mode } = await stat(path!);
  console.log(`${mount.how} ${mount.device.kind} ${mode.toString(8)}`);
  await serving;
} catch (error) {
  console.log(`${(error as { code?: string }).code}: ${formatError(error)}`);
}
