import { NodeDisk } from "@smallpond/base/platform/node";
import { describe, expect, test } from "vitest";
import { startChild } from "../child.ts";
import { missingNative } from "../missing-native.ts";

const SCRIPT = new URL("./sockets.ts", import.meta.url);
const WELL = { code: 0, signal: null, stdout: "", stderr: "" };

async function ended(name: string, variables: Readonly<Record<string, string>> = {}): Promise<unknown> {
  await using directory = await new NodeDisk().tempDirectory();
  return await startChild(SCRIPT, [name, directory.path], { variables }).ended;
}

const MISSING = missingNative("socketWrite");

describe.skipIf(MISSING !== undefined)(`a process ends well${MISSING ?? ""}`, () => {
  test.each([
    "terminated workers",
    "exit in a worker's callback",
    "exit in a callback",
    "exit when an event comes",
    "nothing to wait for",
    "many descriptors",
    "many channels",
    "many connections",
  ])("%s", async (name) => {
    expect(await ended(name)).toEqual(WELL);
  });
});

test("and so it does on the fallbacks: exit in a callback", async () => {
  expect(await ended("exit in a callback", { POND_NATIVE: "off" })).toEqual(WELL);
});
