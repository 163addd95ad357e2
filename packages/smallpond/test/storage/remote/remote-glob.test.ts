import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@smallpond/base";
import { describe, expect, it } from "vitest";
import { KeptClusters } from "../../../src/storage/remote/clusters.ts";
import { RemoteDisk } from "../../../src/storage/remote/remote-disk.ts";
import { matcher, remoteGlob } from "../../../src/storage/remote/remote-glob.ts";
import { localFileSystem } from "../../support/local-file-system.ts";

describe("a part of a pattern", () => {
  it.each([
    ["*.parquet", "a.parquet", true],
    ["*.parquet", "a.parquet.tmp", false],
    ["a?c", "abc", true],
    ["a[b-d]c", "aec", false],
    ["a[!b-d]c", "aec", true],
    ["[*]", "*", true],
    ["[*]", "x", false],
    ["*", ".hidden", false],
    [".*", ".hidden", true],
    ["a.(b)", "a.(b)", true],
  ])("%s and %s: %s", (part, name, matches) => {
    expect(matcher(part)(name)).toBe(matches);
  });
});

describe("patterns over directories", () => {
  it("find files in order, also below any directories", async () => {
    const root = await mkdtemp(join(tmpdir(), "pond-glob-"));
    const clusters = new KeptClusters(() => Promise.resolve(localFileSystem(root)));
    const disk = new RemoteDisk({ clusters, random: new SeededRandom(1) });
    for (const path of ["b.csv", "a.csv", "x/c.csv", "x/y/d.csv", "x/e.txt"]) {
      await disk.mkdir(`3fs://h:1/r/${path}`.replace(/[^/]*$/, ""), { recursive: true });
      await disk.writeFile(`3fs://h:1/r/${path}`, "");
    }
    const found = async (pattern: string): Promise<string[]> =>
      (await remoteGlob(disk, `3fs://h:1/r/${pattern}`)).map((path) => path.slice("3fs://h:1/r/".length));
    expect(await found("nothing*/*")).toEqual([]);
    expect(await found("*.csv")).toEqual(["a.csv", "b.csv"]);
    expect(await found("**/*.csv")).toEqual(["a.csv", "b.csv", "x/c.csv", "x/y/d.csv"]);
    expect(await found("*/c.csv")).toEqual(["x/c.csv"]);
    expect(await found("x/**")).toEqual(["x/c.csv", "x/e.txt", "x/y/d.csv"]);
    await rm(root, { recursive: true });
  });
});
