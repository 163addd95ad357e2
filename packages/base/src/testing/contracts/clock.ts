/** What every clock promises. */
import type { Clock } from "../../clock.ts";
import { isPondError } from "../../errors.ts";
import { type ContractCase, expectEqual, expectThat, rejectionOf } from "./case.ts";

export interface ClockUnderTest {
  readonly clock: Clock;
  /** Lets at least `ms` milliseconds pass on that clock. */
  advance(ms: number): Promise<void>;
}

type Body = (subject: ClockUnderTest) => Promise<void>;

export function clockContract(setup: () => ClockUnderTest): readonly ContractCase[] {
  return Object.entries(CASES).map(([name, body]) => ({ name, run: () => body(setup()) }));
}

const CASES: Readonly<Record<string, Body>> = {
  "monotonic time never goes back and passes": async ({ clock, advance }) => {
    const before = clock.monotonicMs();
    expectThat(clock.monotonicMs() >= before, "time does not go back");
    await advance(5);
    expectThat(clock.monotonicMs() >= before + 5, "time passed");
  },

  "a sleep lasts at least as long as asked": async ({ clock, advance }) => {
    const before = clock.monotonicMs();
    let wokenMs: number | undefined;
    const sleeping = clock.sleep(10).then(() => {
      wokenMs = clock.monotonicMs();
    });
    expectEqual(wokenMs, undefined, "a sleep that just began");
    await Promise.all([sleeping, advance(10)]);
    expectThat((wokenMs ?? 0) >= before + 10, `woke after ${(wokenMs ?? 0) - before} ms`);
  },

  "an aborted signal rejects a sleep before it starts": async ({ clock }) => {
    const reason = new Error("stop");
    const error = await rejectionOf(clock.sleep(1_000_000, { signal: AbortSignal.abort(reason) }));
    expectThat(error === reason, "the reason comes back as it is");
  },

  "aborting a sleep rejects at once with the reason": async ({ clock }) => {
    const controller = new AbortController();
    const sleeping = rejectionOf(clock.sleep(1_000_000, { signal: controller.signal }));
    const reason = new Error("stop");
    controller.abort(reason);
    expectThat((await sleeping) === reason, "the reason comes back as it is");
  },

  "timers fire in order of due time": async ({ clock, advance }) => {
    const fired: string[] = [];
    clock.timer(12, () => fired.push("late"));
    clock.timer(2, () => fired.push("early"));
    await advance(20);
    expectEqual(fired, ["early", "late"], "the order");
  },

  "a cancelled timer does not fire": async ({ clock, advance }) => {
    let fired = false;
    const timer = clock.timer(2, () => {
      fired = true;
    });
    timer.cancel();
    timer.cancel();
    await advance(10);
    expectEqual(fired, false, "a cancelled timer");
  },

  "a deadline aborts with DEADLINE_EXCEEDED": async ({ clock, advance }) => {
    using deadline = clock.deadline(5);
    expectEqual(deadline.signal.aborted, false, "a deadline that just began");
    await advance(10);
    expectThat(
      isPondError(deadline.signal.reason, "DEADLINE_EXCEEDED"),
      `aborted with ${deadline.signal.reason}`,
    );
  },

  "a deadline follows its parent signal": async ({ clock }) => {
    const controller = new AbortController();
    using deadline = clock.deadline(1_000_000, { signal: controller.signal });
    const reason = new Error("stop");
    controller.abort(reason);
    expectThat(deadline.signal.reason === reason, "the parent's reason comes through");
    using late = clock.deadline(1_000_000, { signal: controller.signal });
    expectThat(late.signal.reason === reason, "an aborted parent aborts at once");
  },

  "a disposed deadline never aborts": async ({ clock, advance }) => {
    const controller = new AbortController();
    const deadline = clock.deadline(2, { signal: controller.signal });
    deadline[Symbol.dispose]();
    await advance(10);
    controller.abort(new Error("stop"));
    expectEqual(deadline.signal.aborted, false, "a disposed deadline");
  },

  "durations that are negative or not finite are refused": async ({ clock }) => {
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await rejectionOf(clock.sleep(ms));
      await rejectionOf(Promise.resolve().then(() => clock.timer(ms, () => {})));
    }
  },
};
