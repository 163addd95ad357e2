/** Runs the README's example, so that it cannot go stale. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";

test("the README's example runs and prints what it says", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(example).toBeDefined();
  // Inside the package, because imports resolve from where a file is, and where no other tool looks.
  const directory = fileURLToPath(new URL("../out-tsc/readme", import.meta.url));
  const path = `${directory}/example-${process.pid}.ts`;
  await mkdir(directory, { recursive: true });
  await writeFile(path, example ?? "");
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    await import(/* @vite-ignore */ path);
    expect(log.mock.calls).toEqual([["write"], ["file letters"]]);
  } finally {
    log.mockRestore();
    await rm(path);
  }
});
