/**
 * What services tell about themselves: events with fields, one object each. An event is a short phrase that never
 * changes; what varies is in the fields. `traceId` ties together what one request caused in all services.
 */
import type { Clock } from "@smallpond/base";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

export interface LogLine {
  readonly atMs: number;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

/** Takes lines away. It must not throw, and does not make anybody wait. */
export type LogSink = (line: LogLine) => void;

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export class Logger {
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #sink: LogSink;
  readonly #fields: LogFields;
  readonly #least: number;

  constructor(
    deps: { readonly clock: Pick<Clock, "wallMs">; readonly sink: LogSink },
    settings: { readonly level?: LogLevel; readonly fields?: LogFields } = {},
  ) {
    this.#clock = deps.clock;
    this.#sink = deps.sink;
    this.#fields = settings.fields ?? {};
    this.#least = LEVELS.indexOf(settings.level ?? "info");
  }

  /** The same, with more fields on every line. */
  with(fields: LogFields): Logger {
    return new Logger(
      { clock: this.#clock, sink: this.#sink },
      { level: LEVELS[this.#least]!, fields: { ...this.#fields, ...fields } },
    );
  }

  debug(event: string, fields?: LogFields): void {
    this.#tell("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#tell("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#tell("warn", event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#tell("error", event, fields);
  }

  #tell(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    this.#sink({ atMs: this.#clock.wallMs(), level, event, fields: { ...this.#fields, ...fields } });
  }
}

/** One JSON object a line; integers too large for JSON's numbers as text. */
export function formatLogLine({ atMs, level, event, fields }: LogLine): string {
  const head = { at: new Date(atMs).toISOString(), level, event };
  // Twice: it comes first, and no field takes its place.
  const line = { ...head, ...fields, ...head };
  return JSON.stringify(line, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}

/** Says nothing: what tests pass that are not about logs. */
export function silentLogger(): Logger {
  return new Logger({ clock: { wallMs: () => 0 }, sink: () => {} });
}
