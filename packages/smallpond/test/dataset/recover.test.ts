/** A writer that dies at any call to the disk, and the next writer. */
import type { Disk } from "@smallpond/base";
import { MemoryDisk } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { type PublishTarget, publish, stagingPath } from "../../src/dataset/publish.ts";
import { recoverTarget } from "../../src/dataset/recover.ts";
import type { StoredDataset } from "../../src/dataset/stored-dataset.ts";
import type { Owner, Owners } from "../../src/storage/owner.ts";

const dead: Owner = { host: "here", pid: 1, started: "1" };
const alive: Owner = { host: "here", pid: 2, started: "2" };
const owners: Owners = { self: alive, isAlive: (owner) => owner.pid === alive.pid };

const targetOf = (owner: Owner): PublishTarget => ({
  path: "/out",
  singleFile: false,
  mode: "overwrite",
  tag: "t1",
  owner,
});

async function oldTarget(disk: Disk): Promise<void> {
  await disk.mkdir("/out");
  for (const name of ["x", "y"]) await disk.writeFile(`/out/${name}`, "old");
}

async function written(disk: Disk, owner: Owner): Promise<StoredDataset> {
  const staging = stagingPath(targetOf(owner));
  await disk.mkdir(`${staging}/t0.a0`, { recursive: true });
  const paths = ["a", "b"].map((name) => `${staging}/t0.a0/${name}`);
  for (const path of paths) await disk.writeFile(path, "new");
  return { columns: [], partitions: paths.map((path) => [{ path, rows: 1, bytes: 3 }]) };
}

const names = async (disk: Disk, path: string): Promise<string[]> =>
  (await disk.readdir(path)).map((entry) => entry.name);

/** The target and whatever is beside it by its name. */
const around = async (disk: Disk): Promise<string[]> =>
  (await names(disk, "/")).filter((name) => name.includes("out"));

const OLD = ["x", "y"];
const NEW = ["part-00000.parquet", "part-00001.parquet"];

test("a writer that dies at any moment leaves the old target or the new one, whole, and nothing else after the next writer looked", async () => {
  const seen = new Set<string>();
  for (let death = 1; ; death++) {
    const disk = new MemoryDisk();
    await oldTarget(disk);
    const dataset = await written(disk, dead);
    let calls = 0;
    disk.setFault(() => (++calls >= death ? "EIO" : undefined));
    const outcome = await publish(disk, dataset, targetOf(dead)).then(
      () => "done",
      () => "died",
    );
    disk.setFault(() => undefined);
    await recoverTarget(disk, "/out", owners);
    const left = await names(disk, "/out");
    expect([OLD, NEW], `death at call ${death}`).toContainEqual(left);
    expect(await around(disk), `death at call ${death}`).toEqual(["out"]);
    seen.add(left === OLD || left[0] === "x" ? "old" : "new");
    if (outcome === "done") break;
  }
  expect(seen).toEqual(new Set(["old", "new"]));
});

test("what living writers and those of other machines do is left alone", async () => {
  const disk = new MemoryDisk();
  await oldTarget(disk);
  await written(disk, alive);
  await recoverTarget(disk, "/out", owners);
  expect(await around(disk)).toEqual([".out.pond-here~2~2~t1", "out"]);
});

test("a target that somebody wrote after the dead writer had moved the old one away stays", async () => {
  const disk = new MemoryDisk();
  await oldTarget(disk);
  await written(disk, dead);
  await disk.mkdir("/.out.pond-here~1~1~t1/whole");
  await disk.writeFile("/.out.pond-here~1~1~t1/commit", "");
  await disk.mkdir("/.out.pond-here~1~1~t1/replaced");
  await recoverTarget(disk, "/out", owners);
  expect(await names(disk, "/out")).toEqual(OLD);
  expect(await around(disk)).toEqual(["out"]);
});
