/** What the simulated disk does to those who trust it too much. */
import { type Seams, SimWorld } from "@smallpond/sim";
import { describe, expect, test } from "vitest";

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

/** Lets a program run for a second of its time, cuts the power, and gives what the next boot reads. */
async function afterPowerCut<T>(
  seed: number,
  before: (seams: Seams) => Promise<void>,
  after: (seams: Seams) => Promise<T>,
): Promise<T> {
  const world = new SimWorld(seed);
  const machine = world.addMachine("a");
  let result: { readonly value: T } | undefined;
  const process = machine.run("p", async (seams) => {
    if (process.incarnation === 1) await before(seams);
    else result = { value: await after(seams) };
    await new Promise(() => {});
  });
  await world.run(async () => {
    await world.sleep(1000);
    machine.powerOff();
    machine.powerOn();
    await world.sleep(1000);
  });
  if (result === undefined) throw new Error("the second incarnation did not finish");
  return result.value;
}

describe("a power cut", () => {
  test("keeps what was synced, whole", async () => {
    for (const seed of SEEDS) {
      const bytes = await afterPowerCut(
        seed,
        async ({ disk }) => {
          await disk.mkdir("/d");
          await disk.writeFile("/d/f", "precious", { sync: true });
          await disk.syncDirectory("/d");
          await disk.syncDirectory("/");
        },
        ({ disk }) => disk.readFile("/d/f"),
      );
      expect(new TextDecoder().decode(bytes)).toBe("precious");
    }
  });

  test("may lose, keep or tear by sectors what was not", async () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS) {
      const bytes = await afterPowerCut(
        seed,
        async ({ disk }) => {
          await disk.writeFile("/f", "", { sync: true });
          await disk.syncDirectory("/");
          const file = await disk.open("/f", { write: true });
          await file.writeAt(new Uint8Array(2048).fill(1), 0);
        },
        ({ disk }) => disk.readFile("/f"),
      );
      const sectors = [0, 512, 1024, 1536].map((at) => bytes[at] ?? 0).join("");
      for (const [index, byte] of bytes.entries()) expect(byte).toBe(bytes[index - (index % 512)]);
      outcomes.add(sectors);
    }
    expect(outcomes).toContain("0000");
    expect(outcomes).toContain("1111");
    expect(outcomes.size).toBeGreaterThan(4);
  });

  test("may lose a name whose directory was not synced, though its bytes were", async () => {
    const found = new Set<boolean>();
    for (const seed of SEEDS) {
      const there = await afterPowerCut(
        seed,
        ({ disk }) => disk.writeFile("/f", "synced", { sync: true }),
        ({ disk }) => disk.exists("/f"),
      );
      found.add(there);
    }
    expect(found).toEqual(new Set([true, false]));
  });

  test("never leaves half a rename, also between directories", async () => {
    const found = new Set<string>();
    for (const seed of SEEDS) {
      const there = await afterPowerCut(
        seed,
        async ({ disk }) => {
          await disk.mkdir("/x");
          await disk.mkdir("/y");
          await disk.writeFile("/x/f", "1", { sync: true });
          for (const path of ["/x", "/y", "/"]) await disk.syncDirectory(path);
          await disk.rename({ from: "/x/f", to: "/y/f" });
        },
        async ({ disk }) => [await disk.exists("/x/f"), await disk.exists("/y/f")].join(),
      );
      found.add(there);
    }
    expect(found).toEqual(new Set(["true,false", "false,true"]));
  });
});

async function onDisk(seed: number, body: (seams: Seams, world: SimWorld) => Promise<void>): Promise<void> {
  const world = new SimWorld(seed);
  await world.run(
    () =>
      new Promise((resolve, reject) => {
        world.addMachine("a").run("p", (seams) => body(seams, world).then(resolve, reject));
      }),
  );
}

describe("a faulty disk", () => {
  test("fails calls with EIO, of which a mutation's outcome is unknown", async () => {
    await onDisk(1, async ({ disk }, world) => {
      world.machine("a").diskFaults.set({ errorShare: 1 });
      await expect(disk.readFile("/f")).rejects.toMatchObject({ code: "EIO", kind: "unavailable" });
      await expect(disk.writeFile("/f", "x")).rejects.toMatchObject({ code: "EIO", kind: "unknown-outcome" });
      world.machine("a").diskFaults.heal();
      await disk.writeFile("/f", "x");
    });
  });

  test("after a failed sync the kernel believes the pages clean: the next sync succeeds and keeps nothing", async () => {
    const stored: number[] = [];
    for (const seed of SEEDS) {
      await onDisk(seed, async ({ disk }, world) => {
        const machine = world.machine("a");
        const file = await disk.open("/f", { write: true, create: true });
        await file.writeAt(Uint8Array.of(1), 0);
        machine.diskFaults.set({ errorShare: 1 });
        await expect(file.sync()).rejects.toMatchObject({ code: "EIO" });
        machine.diskFaults.heal();
        await file.sync();
        stored.push(machine.disk.files().get("/f")!.stored.size);
      });
    }
    expect(new Set(stored)).toEqual(new Set([0, 1]));
  });

  test("fills up, and has room again", async () => {
    await onDisk(1, async ({ disk }, world) => {
      const machine = world.machine("a");
      machine.disk.capacityBytes = 100;
      await disk.writeFile("/a", new Uint8Array(80));
      await expect(disk.writeFile("/b", new Uint8Array(80))).rejects.toMatchObject({ code: "ENOSPC" });
      expect(await disk.freeBytes("/")).toBe(20);
      await disk.unlink("/a");
      await disk.writeFile("/b", new Uint8Array(80));
    });
  });

  test("is slow by as much as it is told", async () => {
    await onDisk(1, async ({ disk }, world) => {
      const took = async (): Promise<number> => {
        const beforeMs = world.scheduler.nowMs;
        for (let call = 0; call < 50; call++) await disk.exists("/");
        return world.scheduler.nowMs - beforeMs;
      };
      const normalMs = await took();
      world.machine("a").diskFaults.set({ slowness: 100 });
      expect(await took()).toBeGreaterThan(30 * normalMs);
    });
  });

  test("rots at rest, behind the page cache", async () => {
    await onDisk(1, async ({ disk }, world) => {
      await disk.writeFile("/f", Uint8Array.of(0), { sync: true });
      const file = world.machine("a").disk.files().get("/f")!;
      file.stored.flip(0, 3);
      expect(await disk.readFile("/f")).toEqual(Uint8Array.of(0));
      file.contents.flip(0, 3);
      expect(await disk.readFile("/f")).toEqual(Uint8Array.of(8));
    });
  });
});
