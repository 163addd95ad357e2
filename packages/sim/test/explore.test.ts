/** The commands, as built: a failing seed prints one command that replays it, and the replay fails the same way. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const DIST = new URL("../dist/platform/", import.meta.url);

function run(main: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 1 << 28 };
    execFile(process.execPath, [fileURLToPath(new URL(main, DIST)), ...args], options, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

test("exploring a canary finds it; the printed command replays it to the same end", async () => {
  const explored = await run("explore-main.js", [
    ...["--scenario", "toy-unsynced-commit", "--seeds", "400", "--failures", "1", "--jobs", "2"],
  ]);
  expect(explored.code).toBe(1);
  const commands = [...explored.out.matchAll(/npx nx run sim:replay --scenario (\S+) --seed (\d+)/g)];
  const [command] = commands;
  expect(command?.[1]).toBe("toy-unsynced-commit");
  const lastLine = explored.out.split("\n").find((line) => line.includes("FAILED:"))!;
  expect(lastLine).toBeDefined();

  const replayed = await run("replay-main.js", ["--scenario", command![1]!, "--seed", command![2]!]);
  expect(replayed.code).toBe(1);
  expect(replayed.out.trimEnd().split("\n").at(-1)!.trim()).toBe(lastLine.trim());
}, 120_000);

test("exploring the toy reports seeds, repeats and rare branches", async () => {
  const { code, out } = await run("explore-main.js", ["--seeds", "21", "--from", "40", "--jobs", "2"]);
  expect(code).toBe(0);
  expect(out).toContain("toy: 21 seeds, 0 failed");
  expect(out).toContain("2 seeds ran twice; 0 differed");
  expect(out).toMatch(/\d+ elected/);
}, 120_000);

test("wrong options are explained, with exit code 2", async () => {
  expect(await run("explore-main.js", ["--scenario", "none"])).toMatchObject({ code: 2 });
  expect(await run("explore-main.js", ["--seeds", "many"])).toMatchObject({ code: 2 });
  expect((await run("replay-main.js", ["--nonsense"])).err).toContain("--nonsense");
});
