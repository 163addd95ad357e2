import { expect, test } from "vitest";
import { pond } from "./pond.ts";

test.each([[], ["run"], ["sql"], ["doctor"]].map((command) => ({ command })))(
  "pond $command --help shows an example",
  async ({ command }) => {
    const { code, stdout, stderr } = await pond([...command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/\nExamples?:\n {2}pond /);
  },
);

test.each([[["bogus"]], [["run"]], [["sql", "--bogus"]], [["doctor", "--bogus"]]])(
  "pond %s is wrong usage: exit code 2, message on standard error",
  async (args) => {
    const { code, stdout, stderr } = await pond(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: /);
  },
);
