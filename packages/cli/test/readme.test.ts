/** The READMEs' examples are run, and the main job's script is the one that is shown. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folder, pond } from "./pond.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

async function blocks(readme: string, language: string): Promise<string[]> {
  const text = await readFile(`${ROOT}${readme}`, "utf8");
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    (match) => match[1]!,
  );
}

test("the README shows the script of the main job", async () => {
  const [shown] = await blocks("README.md", "ts");
  expect(shown).toBe(await readFile(`${ROOT}examples/flights.ts`, "utf8"));
});

test("the main job writes its files and prints a table, a chart and where things are", async () => {
  await using place = await folder({});
  const { code, stdout, stderr } = await pond(["run", `${ROOT}examples/flights.ts`], { cwd: place.path });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^ORD +Chicago +166341/m);
  expect(stdout).toMatch(/^17:00 █+ 23 %$/m);
  const query =
    "SELECT count(*) AS airports, sum(flights) AS flights FROM 'output/flights-by-airport/*.parquet'";
  const written = await pond(["sql", query, "--json"], { cwd: place.path });
  expect(JSON.parse(written.stdout)).toEqual([{ airports: 229, flights: 3_000_000 }]);
  const report = /What the job did: (.*)/.exec(stdout)?.[1];
  expect(JSON.parse(await readFile(`${place.path}/${report}`, "utf8"))).toMatchObject({ jobName: "flights" });
});

test("the README's quick example runs", async () => {
  const [, example] = await blocks("README.md", "ts");
  await using place = await folder({ "job.ts": example! });
  const prices = "SELECT * FROM (VALUES ('A', 1.5), ('A', 2.5), ('B', 9.0)) t(ticker, price)";
  await pond(["sql", prices, "--output", "prices.parquet"], { cwd: place.path });
  const env = { SP_DATA_ROOT: `${place.path}/data` };
  const { code, stdout, stderr } = await pond(["run", "job.ts"], { cwd: place.path, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/'A'.*1\.5.*2\.5/);
});

test("the command line's README runs", async () => {
  const [block] = await blocks("packages/cli/README.md", "sh");
  for (const line of block!.trim().split("\n")) {
    const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    expect(args.shift()).toBe("pond");
    expect(await pond(args)).toMatchObject({ code: 0, stderr: "" });
  }
});
