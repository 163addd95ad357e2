import { expect, test } from "vitest";
import { DEFAULT_DSCP_MARKS, dscpMarks } from "../../../src/storage/classes/marks.ts";

test("what is not said stays as it is by default", () => {
  expect(dscpMarks()).toEqual(DEFAULT_DSCP_MARKS);
  expect(dscpMarks({ resync: 0 })).toEqual({ ...DEFAULT_DSCP_MARKS, resync: 0 });
});

test.each([-1, 64, 1.5, Number.NaN])("a mark of %s is refused by its class's name", (cache) => {
  expect(() => dscpMarks({ cache })).toThrow(`packets of class cache cannot be marked ${cache}`);
});
