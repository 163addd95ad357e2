/** All services of a cluster in this process, each with a log of its own. */

import type { MindService, StorageService } from "./cluster-services.ts";
import { type LogFile, openLogFile } from "./log-file.ts";
import type { RunningServices } from "./running-services.ts";
import { serveMind } from "./serve-mind.ts";
import { serveStorage } from "./serve-storage.ts";

interface Part {
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

export async function startServicesHere(
  minds: readonly MindService[],
  storage: readonly StorageService[],
): Promise<RunningServices> {
  const started: Part[] = [];
  const logs: LogFile[] = [];
  const close = async (): Promise<void> => {
    for (const part of started.splice(0)) await part.close();
    for (const log of logs.splice(0)) await log.close();
  };
  const withLog = async (logFile: string | undefined): Promise<{ writeLog?: (line: string) => void }> => {
    if (logFile === undefined) return {};
    const log = await openLogFile(logFile);
    logs.push(log);
    return { writeLog: log.write };
  };
  try {
    const served = await Promise.allSettled([
      ...minds.map(async (mind) => {
        const part = await serveMind(mind, await withLog(mind.logFile));
        return part as Part;
      }),
      ...storage.map(async (one) => (await serveStorage(one, await withLog(one.logFile))) as Part),
    ]);
    for (const part of served) if (part.status === "fulfilled") started.push(part.value);
    for (const part of served) if (part.status === "rejected") throw part.reason;
    return {
      list: [...minds, ...storage].map(({ node, hostTag }) => ({ name: hostTag, node, pid: process.pid })),
      onChange: () => {},
      failure: Promise.race(started.map(({ failure }) => failure)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
