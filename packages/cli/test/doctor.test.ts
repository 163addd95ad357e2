import { expect, test } from "vitest";
import type { Check } from "../src/doctor/check.ts";
import { folder, pond } from "./pond.ts";

test("a machine that runs these tests is healthy", async () => {
  await using place = await folder({});
  const { code, stdout } = await pond(["doctor", "--json"], { env: { SP_DATA_ROOT: place.path } });
  const { healthy, checks } = JSON.parse(stdout) as { healthy: boolean; checks: Check[] };
  expect({ code, healthy }).toEqual({ code: 0, healthy: true });
  const names = checks.map((check) => check.name);
  const engine = ["node", "duckdb", "memory", "data root", "temp", "executor", "variables"];
  for (const name of [...engine, "core addon", "io_uring", "direct I/O", "fuse", "fabric"]) {
    expect(names).toContain(name);
  }
});

test("a data root that cannot be written is missing, with what to set, and fails", async () => {
  await using place = await folder({ file: "" });
  const { code, stdout } = await pond(["doctor"], { env: { SP_DATA_ROOT: `${place.path}/file/below` } });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^missing data root .*\n +→ SP_DATA_ROOT=/m);
  expect(stdout).toMatch(/^ok +duckdb/m);
});

test("a variable that nothing reads is a warning", async () => {
  const { code, stdout } = await pond(["doctor"], { env: { SP_NUM_EXECUTOR: "4" } });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^warn +variables .*\n +→ unset SP_NUM_EXECUTOR/m);
});
