import { afterEach, beforeEach, expect, test } from "vitest";
import { ProgressLine, type TerminalStream } from "../../src/platform/progress-line.ts";

const term = process.env.TERM;
beforeEach(() => {
  process.env.TERM = "xterm";
});
afterEach(() => {
  if (term === undefined) delete process.env.TERM;
  else process.env.TERM = term;
});

/** Two streams on one screen, and what they printed in order. */
function screen(isTTY = true): { printed: string[]; stdout: TerminalStream; stderr: TerminalStream } {
  const printed: string[] = [];
  const stream = (): TerminalStream => ({
    isTTY,
    columns: 40,
    write: ((text: string) => printed.push(text) > 0) as TerminalStream["write"],
  });
  return { printed, stdout: stream(), stderr: stream() };
}

const CLEAR = "\r\u001b[2K";

test("is rewritten in place, and cleared before anything else is printed and at the end", () => {
  const { printed, ...streams } = screen();
  const line = new ProgressLine(streams);
  line.show("one");
  line.show("two");
  streams.stdout.write("output\n");
  line.show("three");
  line.stop();
  expect(printed).toEqual(["one", CLEAR, "two", CLEAR, "output\n", "three", CLEAR]);
  streams.stdout.write("later");
  expect(printed.at(-1)).toBe("later");
});

test("waits while a line of output is not ended: clearing would take it away", () => {
  const { printed, ...streams } = screen();
  const line = new ProgressLine(streams);
  streams.stdout.write("half");
  line.show("one");
  streams.stdout.write(new TextEncoder().encode(" a line\n") as never);
  line.show("two");
  expect(printed.map(String)).toEqual(["half", expect.anything(), "two"]);
});

test("is not there where standard error is no terminal, or a dumb one", () => {
  const file = screen(false);
  new ProgressLine(file).show("one");
  process.env.TERM = "dumb";
  const dumb = screen();
  new ProgressLine(dumb).show("one");
  expect([...file.printed, ...dumb.printed]).toEqual([]);
});
