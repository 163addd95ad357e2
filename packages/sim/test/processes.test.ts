/** Machines and processes: what a crash, a pause, a power cut and a stop do to a program. */
import { assert } from "@smallpond/base";
import { type Program, SimWorld } from "@smallpond/sim";
import { describe, expect, test } from "vitest";

/** Runs `main` in a world with one machine `a`. */
async function withMachine(main: (world: SimWorld) => Promise<void>): Promise<SimWorld> {
  const world = new SimWorld(1);
  world.addMachine("a");
  await world.run(() => main(world));
  return world;
}

const forever = (): Promise<void> => new Promise(() => {});

describe("a killed process", () => {
  test("hears nothing more: its promises never settle, its timers never fire, its calls hang", async () => {
    const heard: string[] = [];
    await withMachine(async (world) => {
      let late: (() => void) | undefined;
      const process = world.machine("a").run("p", async ({ clock, disk }) => {
        if (process.incarnation > 1) return await forever();
        clock.timer(50, () => heard.push("timer"));
        void clock.sleep(50).then(() => heard.push("sleep"));
        late = () => {
          void disk.writeFile("/late", "x").then(() => heard.push("write"));
          void clock.sleep(1).then(() => heard.push("late sleep"));
        };
        await forever();
      });
      await world.sleep(10);
      process.kill();
      late?.();
      await world.sleep(1000);
      expect(world.machine("a").disk.exists("/late")).toBe(false);
    });
    expect(heard).toEqual([]);
  });

  test("is started again as a new incarnation that sees the page cache", async () => {
    const seen: unknown[] = [];
    await withMachine(async (world) => {
      const process = world.machine("a").run("p", async ({ disk }) => {
        seen.push(await disk.exists("/file"));
        await disk.writeFile("/file", "unsynced");
        await forever();
      });
      await world.sleep(10);
      process.kill();
      await world.sleep(1000);
      expect(process.incarnation).toBe(2);
    });
    expect(seen).toEqual([false, true]);
  });

  test("dies at exactly the planned call, before or after its effect", async () => {
    for (const when of ["before", "after"] as const) {
      await withMachine(async (world) => {
        const { disk } = world.machine("a");
        const process = world.machine("a").run("p", async (seams) => {
          if (process.incarnation > 1) return await forever();
          await seams.clock.sleep(5);
          await seams.disk.writeFile("/one", "1");
          await seams.disk.writeFile("/two", "2");
          await seams.disk.writeFile("/three", "3");
        });
        await world.sleep(1);
        process.planCrash({ call: 2, when });
        await world.sleep(9);
        const there = ["/one", "/two", "/three"].filter((path) => disk.exists(path));
        expect(there).toEqual(when === "before" ? ["/one"] : ["/one", "/two"]);
      });
    }
  });
});

test("a paused process finds its clock moved on, and everything that waited", async () => {
  const log: string[] = [];
  await withMachine(async (world) => {
    const process = world.machine("a").run("p", async ({ clock }) => {
      const beforeMs = clock.monotonicMs();
      await clock.sleep(10);
      log.push(clock.monotonicMs() - beforeMs > 900 ? "late" : "in time");
      await forever();
    });
    await world.sleep(1);
    process.pause();
    await world.sleep(1000);
    expect(log).toEqual([]);
    process.resume();
    await world.sleep(1);
  });
  expect(log).toEqual(["late"]);
});

test("a machine without power forgets its clock, its processes and what was not synced", async () => {
  const sizes: number[] = [];
  const clocks: number[] = [];
  await withMachine(async (world) => {
    const machine = world.machine("a");
    machine.run("p", async ({ clock, disk }) => {
      clocks.push(clock.monotonicMs());
      const file = await disk.open("/f", { read: true, write: true, create: true });
      sizes.push(await file.size());
      await file.writeAt(new Uint8Array(10), 0);
      await file.sync();
      await disk.syncDirectory("/");
      await file.writeAt(new Uint8Array(100_000), 10);
      await forever();
    });
    await world.sleep(100);
    machine.powerOff();
    await world.sleep(100);
    machine.powerOn();
    await world.sleep(100);
    expect(machine.boot).toBe(2);
  });
  expect(sizes[0]).toBe(0);
  expect(sizes[1]).toBeGreaterThanOrEqual(10);
  expect(clocks[1]).not.toBe(clocks[0]! + 200);
});

describe("clocks", () => {
  test("drift apart, within the machine's bound", async () => {
    const world = new SimWorld(3);
    const elapsed = new Map<string, number>();
    for (const name of ["a", "b"]) {
      world.addMachine(name, { clockDriftMax: 0.01 }).run("p", async ({ clock }) => {
        const beforeMs = clock.monotonicMs();
        await clock.sleep(1);
        await new Promise<void>((resolve) => void world.scheduler.after(100_000, resolve));
        elapsed.set(name, clock.monotonicMs() - beforeMs);
        await forever();
      });
    }
    await world.run(() => world.sleep(200_000));
    const [a, b] = [elapsed.get("a")!, elapsed.get("b")!];
    expect(Math.abs(a - b)).toBeGreaterThan(1);
    for (const ms of [a, b]) expect(Math.abs(ms - 100_001)).toBeLessThan(1100);
  });

  test("jump in wall time without monotonic time noticing", async () => {
    await withMachine(async (world) => {
      const machine = world.machine("a");
      const [wall, monotonic] = [machine.oscillator.wallMs(), machine.oscillator.monotonicMs()];
      machine.oscillator.jumpWall(-3_600_000);
      expect(machine.oscillator.wallMs()).toBe(wall - 3_600_000);
      expect(machine.oscillator.monotonicMs()).toBe(monotonic);
    });
  });
});

describe("stopping", () => {
  test("waits for the program and reports what it left open", async () => {
    const tidy: Program = async ({ clock, stop }) => {
      const timer = clock.timer(1e6, () => {});
      await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
      timer.cancel();
    };
    const untidy: Program = async ({ clock, disk, stop }) => {
      clock.timer(1e6, () => {});
      await disk.open("/f", { write: true, create: true });
      await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
    };
    const world = await withMachine(async (world) => {
      const machine = world.machine("a");
      const processes = [machine.run("tidy", tidy), machine.run("untidy", untidy)];
      await world.sleep(100);
      await Promise.all(processes.map((process) => process.stop()));
    });
    expect(world.leaks).toEqual([
      "a/untidy#1 left a timer of 1000000 ms open",
      "a/untidy#1 left the file /f open",
    ]);
  });
});

describe("a run fails", () => {
  test("when a program breaks an invariant, but not when it merely ends with an error", async () => {
    await withMachine(async (world) => {
      world.machine("a").run("p", async ({ disk }) => void (await disk.readFile("/none")));
      await world.sleep(100);
    });
    const broken = withMachine(async (world) => {
      world.machine("a").run("p", async () => assert(false, "one and one is two"));
      await world.sleep(100);
    });
    await expect(broken).rejects.toThrow("one and one is two");
  });

  test("when a promise is rejected and nobody looks", async () => {
    const floating = withMachine(async (world) => {
      world.machine("a").run("p", async () => {
        void Promise.reject(new Error("nobody looked"));
        await forever();
      });
      await world.sleep(100);
    });
    await expect(floating).rejects.toThrow("nobody looked");
  });

  test("when nothing is left to happen", async () => {
    await expect(new SimWorld(1).run(forever)).rejects.toThrow("nothing is left to happen");
  });

  test("when it does not end", async () => {
    const world = new SimWorld(1, { eventsMax: 100 });
    const busy = world.run(async () => {
      for (;;) await world.sleep(1);
    });
    await expect(busy).rejects.toThrow("did not end within 100 events");
  });

  test("when a program waits for something real", async () => {
    // Virtual time must not run out before the real timer fires.
    const world = new SimWorld(1);
    world.addMachine("a").run("p", async ({ clock }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await clock.sleep(1);
    });
    const busy = world.run(async () => {
      for (;;) await world.sleep(1);
    });
    await expect(busy).rejects.toThrow("outside of virtual time");
  });
});
