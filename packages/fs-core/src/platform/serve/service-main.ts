/**
 * What all entries of services have in common. The only argument is the service's settings as JSON, or `@` and the path of
 * a file with them: what is on a command line can be read by everybody on the machine. When the service is ready one line
 * of JSON is printed. It ends well on SIGTERM and SIGINT and when its supervisor is gone, with 69 when its address is
 * taken, and with 70 when something else broke that must not.
 */
import { readFile } from "node:fs/promises";
import { formatError, isPondError } from "@smallpond/base";
import { endWithParent } from "../processes/end-with-parent.ts";
import { type LogFile, openLogFile } from "./log-file.ts";

export interface MainService {
  /** Rejects when the process must not go on. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

/** What entries take beside the settings of their service. */
export interface MainSettings {
  /** Where the log goes; standard error by default. */
  readonly logFile?: string;
}

export interface MainSteps<S extends MainSettings, T extends MainService> {
  start(settings: S, writeLog: ((line: string) => void) | undefined): Promise<T>;
  /** What is printed, once it is ready. */
  ready(service: T, settings: S): Promise<object>;
}

/** EX_SOFTWARE of sysexits.h. */
const BROKEN = 70;
/** EX_UNAVAILABLE: somebody else listens where the service is to be reached. */
export const ADDRESS_TAKEN = 69;

export async function serviceMain<S extends MainSettings, T extends MainService>(
  steps: MainSteps<S, T>,
): Promise<void> {
  let log: LogFile | undefined;
  const end = (error: unknown): never => {
    console.error(formatError(error));
    process.exit(isPondError(error, "EADDRINUSE") ? ADDRESS_TAKEN : BROKEN);
  };
  try {
    const settings = JSON.parse(await argument()) as S;
    log = settings.logFile === undefined ? undefined : await openLogFile(settings.logFile);
    const service = await steps.start(settings, log?.write);
    service.failure.catch((error: unknown) => {
      log?.write(formatError(error));
      void (log?.close() ?? Promise.resolve()).finally(() => end(error));
    });
    const leave = async (): Promise<void> => {
      await service.close();
      await log?.close();
      process.exit(0);
    };
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void leave().catch(end));
    endWithParent(() => void leave().catch(end));
    console.log(JSON.stringify(await steps.ready(service, settings)));
  } catch (error) {
    log?.write(formatError(error));
    await log?.close();
    end(error);
  }
}

async function argument(): Promise<string> {
  const given = process.argv[2] ?? "{}";
  return given.startsWith("@") ? await readFile(given.slice(1), "utf8") : given;
}
