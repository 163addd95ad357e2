/** Leaks: a program that was asked to end has closed what it opened and cancelled what it planned. */
import { PondError } from "@smallpond/base";
import type { SimWorld } from "../world/world.ts";

/** How long a program has to end, in true time. */
const STOP_MS_MAX = 60_000;

/** Stops every process in good order, then throws `LEAK` if one left a file, connection, listener or timer open. */
export async function stopAndDemandNoLeaks(world: SimWorld): Promise<void> {
  const processes = world.machines.flatMap((machine) => machine.processes);
  let stopped = false;
  const all = Promise.all(processes.map((process) => process.stop())).then(() => {
    stopped = true;
  });
  await Promise.race([all, world.sleep(STOP_MS_MAX)]);
  const running = processes.filter((process) => process.running).map((process) => process.name);
  if (!stopped) throw leak(`did not end within ${STOP_MS_MAX} ms of being asked to: ${running.join(", ")}`);
  if (world.leaks.length > 0) throw leak(world.leaks.join("; "));
}

function leak(message: string): PondError<"LEAK"> {
  return new PondError("LEAK", { kind: "internal", message });
}
