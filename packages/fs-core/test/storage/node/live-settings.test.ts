import { expect, test } from "vitest";
import { parseLiveSettings } from "../../../src/storage/node/live-settings.ts";

test("names and whole numbers are read, comments and empty lines are not", () => {
  expect(parseLiveSettings("")).toEqual({});
  const text = "# at night\nscrub-bytes-per-second = 8_000_000\n\nscrub-cycle-hours=24 # a day\n";
  expect(parseLiveSettings(text)).toEqual({ bytesPerSecond: 8e6, cycleMs: 86_400_000 });
});

test.each([
  "scrub-bytes-per-second = 0",
  "scrub-cycle-hours = -1",
  "scrub-cycle-hours = 1.5",
  "weight = 3",
  "nonsense",
])("%s is refused, by its line", (line) => {
  expect(() => parseLiveSettings(`# first\n${line}`)).toThrow(
    /line 2 is nothing that storage nodes can be set to/,
  );
});
