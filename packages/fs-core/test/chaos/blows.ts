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

export async function strike({ cluster, random, tally }: BlowsDeps, isOver: () => boolean): Promise<void> {
  const stopped = new Map<number, Promise<void>>();
  while (!isOver()) {
    await sleep(500 + random.int(PAUSE_MS_MAX));
    const running = cluster.services.list.filter(({ pid }) => pid > 0 && !stopped.has(pid));
    // At the end nobody is struck any more.
    if (running.length === 0 || isOver()) continue;
    const { name, pid } = running[random.int(running.length)]!;
    const kind = name.replace(/-\d+$/, "");
    const draw = random.int(10);
    if (draw < 5) {
      if (signal(pid, "SIGKILL")) tally.blow(`${kind} SIGKILL`);
    } else if (draw < 6) {
      if (signal(pid, "SIGTERM")) tally.blow(`${kind} SIGTERM`);
    } else if (signal(pid, "SIGSTOP")) {
      tally.blow(`${kind} SIGSTOP`);
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
