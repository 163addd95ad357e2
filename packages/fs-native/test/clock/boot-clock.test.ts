import { readFileSync } from "node:fs";
import { clockContract } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { openBootClock } from "../../src/index.ts";
import { missingNative } from "../missing-native.ts";
import { runContract } from "../run-contract.ts";

runContract(
  "the boot clock",
  clockContract(() => {
    const clock = openBootClock();
    return { clock, advance: (ms) => clock.sleep(ms) };
  }),
);

/** Seconds since the machine started, suspended or not, in steps of 10 ms. */
function uptimeMs(): number {
  return 1000 * Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
}

const missing =
  missingNative("bootTimeMs") ?? (process.platform === "linux" ? undefined : " (not for this system)");

test.skipIf(missing !== undefined)(
  `the boot clock tells the kernel's uptime, which counts suspension${missing ?? ""}`,
  () => {
    const clock = openBootClock();
    expect(clock.countsSuspension).toBe(true);
    const beforeMs = uptimeMs();
    const nowMs = clock.monotonicMs();
    const afterMs = uptimeMs();
    expect(nowMs).toBeGreaterThanOrEqual(beforeMs);
    expect(nowMs).toBeLessThan(afterMs + 10);
  },
);
