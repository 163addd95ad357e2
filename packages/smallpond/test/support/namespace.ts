/** Scripts of a job in mount and user namespaces of their own, where they may mount what they like. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import type { World } from "./world.ts";

const ENTRY = new URL("../../dist/index.js", import.meta.url).href;

/** Whether this machine lets tests make namespaces. */
export const HAS_NAMESPACES = ((): boolean => {
  try {
    execFileSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/**
 * Runs shell commands, then a script that has `sp` (a session), `at` (the world's folder) and `attempt` (the code of a
 * promise's error, or what it gave); returns what the script returns.
 */
export async function inNamespace(
  world: World,
  commands: string,
  script: string,
  options: { readonly without?: string } = {},
): Promise<unknown> {
  const path = world.at(`job-${Math.floor(performance.now())}.mjs`);
  await world.disk.writeFile(
    path,
    `import * as fs from "node:fs";
     import { init } from ${JSON.stringify(ENTRY)};
     const at = (name) => ${JSON.stringify(world.path)} + "/" + name;
     const sp = await init({ numExecutors: 0, dataRoot: at("data"), int64: "number" });
     const attempt = (work) => work.then((done) => done, (error) => ({ code: error.code, message: error.message, hint: error.hint }));
     const result = await (async () => { ${script} })();
     await sp.close();
     console.log(JSON.stringify(result));`,
  );
  const node = [process.execPath, path];
  const run =
    options.without === undefined ? node : ["setpriv", `--bounding-set=${options.without}`, ...node];
  const line = `cd ${world.path} && ${commands} && exec ${run.map((part) => `'${part}'`).join(" ")}`;
  const { stdout } = await promisify(execFile)("unshare", ["-rm", "sh", "-c", line]);
  return JSON.parse(stdout) as unknown;
}
