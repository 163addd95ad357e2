/** Functions of a job that `pond run` bundled in memory travel like those of any other. */
import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { folder, pond } from "./pond.ts";

const SMALLPOND = new URL("../../smallpond/", import.meta.url);
const FIXTURES = fileURLToPath(new URL("test/functions/fixtures/", SMALLPOND));
const PLATFORM = new URL("dist/platform/functions/", SMALLPOND);

interface Code {
  readonly kind: string;
  readonly message?: string;
}

test.each(["module", "commonjs"])("in a folder whose package.json says %s", async (type) => {
  await using place = await folder({ "package.json": JSON.stringify({ type }) });
  await cp(FIXTURES, place.path, { recursive: true });
  const env = {
    CAPTURE_URL: new URL("capture.js", PLATFORM).href,
    DISK_URL: new URL("../base/dist/platform/node/index.js", SMALLPOND).href,
    BUNDLES: join(place.path, "bundles"),
  };
  const { code, stdout, stderr } = await pond(["run", "job.ts"], { cwd: place.path, env });
  expect([code, stderr]).toEqual([0, ""]);
  const codes = JSON.parse(stdout) as Record<string, Code>;
  expect(Object.entries(codes).filter(([, { kind }]) => kind === "error")).toEqual([]);
  const results = await call(place.path, codes);
  expect(results).toMatchObject({
    arrow: [{ n: 3 }],
    stateful: [{ n: 5 }],
    clean: [{ n: 20, words: ["cat", "dog"] }],
    default: [{ n: 23, kind: "counter" }],
    counted: [{ n: 2, first: true }],
    tokenize: [{ n: 32, name: "ONE" }],
    inEntry: [{ n: 1020, negative: false }],
    notExported: [{ negative: false }],
    throwing: expect.stringMatching(/^no zero at .*\/cases\.ts:\d+:28$/),
    throwingImport: expect.stringContaining(`no zero at ${place.path}/functions.ts:`),
  });
});

/** In a process of its own, as an executor would. */
async function call(directory: string, codes: Readonly<Record<string, Code>>): Promise<unknown> {
  const load = new URL("load.js", PLATFORM).href;
  const given = { load, runs: { run: codes }, inputs: [{ n: 2, s: "The cat of a dog" }], args: { k: 3 } };
  await mkdir(join(directory, "given"), { recursive: true });
  await writeFile(join(directory, "given", "input.json"), JSON.stringify(given));
  const script = `"${process.execPath}" "${join(FIXTURES, "call-all.mjs")}" < given/input.json`;
  const { stdout } = await promisify(execFile)("sh", ["-c", script], { cwd: directory });
  return (JSON.parse(stdout) as { run: unknown }).run;
}
