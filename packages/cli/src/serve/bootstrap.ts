/** The first mind of the file puts the cluster together when there is none yet, as soon as its storage nodes are there. */
import { formatError, Tasks } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { bootstrap, silentLogger } from "@smallpond/fs-core";
import { connectManager, NodeCrypto } from "@smallpond/fs-core/platform";
import { type ServeConfig, shapeOf } from "./config.ts";
import { readSecret, rootToken } from "./secrets.ts";
import { managersIn } from "./settings.ts";

const DAY_MS = 86_400_000;

/** Goes on behind the caller's back; returns how to end it. */
export async function putTogether(
  config: ServeConfig,
  node: number | undefined,
): Promise<() => Promise<void>> {
  const [first] = config.minds;
  if (node !== undefined && node !== first?.node) return async () => {};
  const secret = new Uint8Array(Buffer.from(await readSecret(config.secretFile), "hex"));
  const token = await rootToken(config.rootTokenFile);
  const credentials = { kind: "member", clusterId: config.clusterId, secret } as const;
  const connection = connectManager({ managers: managersIn(config), credentials });
  const [stop, tasks] = [new AbortController(), new Tasks()];
  const deps = { ...connection, clock: new NodeClock(), crypto: new NodeCrypto(), log: silentLogger() };
  tasks.spawn(async () => {
    try {
      await bootstrap(
        deps,
        { shape: shapeOf(config), root: { token } },
        { signal: stop.signal, timeoutMs: DAY_MS, onProgress: (text) => console.error(text) },
      );
    } catch (error) {
      if (!stop.signal.aborted) console.error(formatError(error));
    }
    await connection.close();
  });
  return async () => {
    stop.abort(new Error("the mind ends"));
    await tasks.idle();
  };
}
