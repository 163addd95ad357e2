/** Pauses of all lengths between nothing and long enough for the other side to sleep. */
import type { Random } from "@smallpond/base";

export async function pause(random: Random): Promise<void> {
  const kind = random.int(1_000);
  if (kind < 900) return;
  if (kind < 960) await new Promise((resolve) => setImmediate(resolve));
  else if (kind < 990) {
    const until = performance.now() + random.next() * 0.15;
    while (performance.now() < until);
  } else await new Promise((resolve) => setTimeout(resolve, 1));
}
