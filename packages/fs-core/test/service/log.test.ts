import { describe, expect, test } from "vitest";
import { formatLogLine, Logger, type LogLine, silentLogger } from "../../src/service/log.ts";

function recorder(level: "debug" | "info" | "warn" | "error") {
  const lines: LogLine[] = [];
  const logger = new Logger(
    { clock: { wallMs: () => 1000 }, sink: (line) => void lines.push(line) },
    { level },
  );
  return { lines, logger };
}

describe("logs", () => {
  test("say what is at least as grave as was asked for", () => {
    const { lines, logger } = recorder("warn");
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    logger.error("d", { code: "X" });
    expect(lines.map(({ level, event }) => `${level} ${event}`)).toEqual(["warn c", "error d"]);
    expect(lines[1]).toEqual({ atMs: 1000, level: "error", event: "d", fields: { code: "X" } });
  });

  test("carry the fields of those who passed the logger on", () => {
    const { lines, logger } = recorder("info");
    logger.with({ node: 1, a: 1 }).with({ a: 2 }).info("x", { traceId: "t" });
    logger.info("y");
    expect(lines.map(({ fields }) => fields)).toEqual([{ node: 1, a: 2, traceId: "t" }, {}]);
  });

  test("are one JSON object a line, whatever is in them", () => {
    const line = formatLogLine({
      atMs: 0,
      level: "info",
      event: "two\nlines",
      fields: { big: 2n ** 63n, missing: undefined, yes: true, text: '"' },
    });
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      level: "info",
      event: "two\nlines",
      big: "9223372036854775808",
      yes: true,
      text: '"',
    });
  });

  test("keep their time, level and event, whatever fields are called", () => {
    const fields = { at: "never", level: "none", event: "other", z: 1 };
    const line = formatLogLine({ atMs: 0, level: "warn", event: "x", fields });
    expect(line).toBe('{"at":"1970-01-01T00:00:00.000Z","level":"warn","event":"x","z":1}');
  });

  test("can be silent", () => {
    silentLogger().error("nobody hears this");
  });
});
