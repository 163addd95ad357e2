/** What happens to the processes of a cluster: they are killed, stopped for a while, told to end. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@smallpond/base";
import type { ServedCluster } from "@smallpond/fs-core/platform";
import type { Tally } from "./tally.ts";

export interface BlowsDeps {
  readonly cluster: Pick<ServedCluster, "services">;
  readonly random: Random;
  readonly tally: Tally;
}

/** Longer than a node's lease of 5 s at the longest. */
const STOP_MS_MAX = 8000;
const PAUSE_MS_MAX = 5000;
/** One after the other, so that short runs have some of each. */
const KINDS = ["SIGKILL", "SIGSTOP", "SIGKILL", "SIGTERM", "SIGKILL", "SIGSTOP"] as const;

export async function strike({ cluster, random, tally }: BlowsDeps, isOver: () => boolean): Promise<void> {
  const stopped = new Map<number, Promise<void>>();
  for (let count = 0; !isOver(); ) {
    await sleep(500 + random.int(PAUSE_MS_MAX));
    const running = cluster.services.list.filter(({ pid }) => pid > 0 && !stopped.has(pid));
    // At the end nobody is struck any more.
    if (running.length === 0 || isOver()) continue;
    const { name, pid } = running[random.int(running.length)]!;
    const kind = name.replace(/-\d+$/, "");
    const blow = KINDS[count++ % KINDS.length]!;
    if (!signal(pid, blow)) continue;
    tally.blow(`${kind} ${blow}`);
    if (blow === "SIGSTOP") {
      const goesOn = sleep(500 + random.int(STOP_MS_MAX)).then(() => {
        signal(pid, "SIGCONT");
        stopped.delete(pid);
      });
      stopped.set(pid, goesOn);
    }
  }
  await Promise.all(stopped.values());
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
