/** A writer that dies at any call to the disk, and the next writer. */
import type { Disk } from "@smallpond/base";
import { MemoryDisk } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { openStaging, type PublishTarget, publish } from "../../src/dataset/publish.ts";
import { abandonStaging, recoverTarget } from "../../src/dataset/recover.ts";
import type { Staging } from "../../src/dataset/staging.ts";
import type { StoredDataset } from "../../src/dataset/stored-dataset.ts";
import type { Owner, Owners } from "../../src/storage/owner.ts";

const dead: Owner = { host: "here", pid: 1, started: "1" };
const alive: Owner = { host: "here", pid: 2, started: "2" };
const owners: Owners = { self: alive, isAlive: (owner) => owner.pid === alive.pid };

const targetOf = (owner: Owner, mode: PublishTarget["mode"] = "overwrite"): PublishTarget => ({
  path: "/out",
  singleFile: false,
  mode,
  durable: null,
  extension: "parquet",
  tag: "t1",
  owner,
});

async function oldTarget(disk: Disk): Promise<void> {
  await disk.mkdir("/out");
  for (const name of ["x", "y"]) await disk.writeFile(`/out/${name}`, "old");
}

async function written(
  disk: Disk,
  target: PublishTarget,
): Promise<{ readonly dataset: StoredDataset; readonly staging: Staging }> {
  const staging = await openStaging(disk, target);
  await disk.mkdir(`${staging.path}/t0.a0`);
  const paths = ["a", "b"].map((name) => `${staging.path}/t0.a0/${name}`);
  for (const path of paths) await disk.writeFile(path, "new");
  return {
    dataset: { columns: [], partitions: paths.map((path) => [{ path, rows: 1, bytes: 3 }]) },
    staging,
  };
}

const names = async (disk: Disk, path: string): Promise<string[]> =>
  (await disk.readdir(path)).map((entry) => entry.name);

/** The target and whatever is beside it by its name. */
const around = async (disk: Disk): Promise<string[]> =>
  (await names(disk, "/")).filter((name) => name.includes("out"));

const OLD = ["x", "y"];
const NEW = ["part-00000.parquet", "part-00001.parquet"];
const APPENDED = ["part-append-00001-t1", "x", "y"];

/** Every name below the target, the directories' own left out. */
async function allNames(disk: Disk, path: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, type } of await disk.readdir(path)) {
    if (type === "directory") found.push(...(await allNames(disk, `${path}/${name}`)));
    else found.push(name);
  }
  return found.sort();
}

test.each([
  { mode: "overwrite", inside: false, after: NEW },
  { mode: "overwrite", inside: true, after: NEW },
  { mode: "append", inside: false, after: APPENDED },
  { mode: "append", inside: true, after: APPENDED },
] as const)(
  "a writer ($mode, inside: $inside) that dies at any moment leaves the target whole, as before or as it wanted, and nothing else after the next writer looked",
  async ({ mode, inside, after }) => {
    const seen = new Set<string>();
    for (let death = 1; ; death++) {
      const disk = new MemoryDisk();
      await oldTarget(disk);
      // What nobody can make anything beside of can only be changed inside.
      const readOnly = inside ? "EROFS" : undefined;
      disk.setFault(({ operation, path }) =>
        operation === "tempDirectory" && path.startsWith("//.pond-probe") ? readOnly : undefined,
      );
      const target = targetOf(dead, mode);
      const { dataset, staging } = await written(disk, target);
      expect(staging.place.inside).toBe(inside);
      let calls = 0;
      disk.setFault(({ operation, path }) => {
        if (++calls >= death) return "EIO";
        return operation === "tempDirectory" && path.startsWith("//.pond-probe") ? readOnly : undefined;
      });
      const outcome = await publish(disk, dataset, target, staging).then(
        () => "done",
        () => "died",
      );
      disk.setFault(() => undefined);
      await recoverTarget(disk, "/out", owners);
      const left = await names(disk, "/out");
      expect([OLD, after], `death at call ${death}`).toContainEqual(left);
      expect(await around(disk), `death at call ${death}`).toEqual(["out"]);
      const files = await allNames(disk, "/out");
      expect([OLD, NEW, [...NEW, ...OLD]], `death at call ${death}`).toContainEqual(files);
      seen.add(left.length === OLD.length && left[0] === "x" ? "before" : "after");
      if (outcome === "done") break;
    }
    expect(seen).toEqual(new Set(["before", "after"]));
  },
);

test("what living writers and those of other machines do is left alone", async () => {
  const disk = new MemoryDisk();
  await oldTarget(disk);
  await written(disk, targetOf(alive));
  await recoverTarget(disk, "/out", owners);
  expect(await around(disk)).toEqual([".out.pond-here~2~2~t1", "out"]);
});

test("a target that somebody wrote after the dead writer had moved the old one away stays", async () => {
  const disk = new MemoryDisk();
  await oldTarget(disk);
  await written(disk, targetOf(dead));
  await disk.mkdir("/.out.pond-here~1~1~t1/whole");
  await disk.writeFile("/.out.pond-here~1~1~t1/commit", "");
  await disk.mkdir("/.out.pond-here~1~1~t1/replaced");
  await recoverTarget(disk, "/out", owners);
  expect(await names(disk, "/out")).toEqual(OLD);
  expect(await around(disk)).toEqual(["out"]);
});

test("several next writers at once end what the dead one had begun, once", async () => {
  for (let turn = 0; turn < 6; turn++) {
    const disk = new MemoryDisk();
    await oldTarget(disk);
    const { dataset, staging } = await written(disk, targetOf(dead));
    let calls = 0;
    // Dies after its commit, before or between the two renames.
    disk.setFault(({ operation, to }) => {
      const renames = operation === "rename" && (to === "/out" || to?.endsWith("/replaced") === true);
      return renames && ++calls > turn % 3 ? "EIO" : undefined;
    });
    await publish(disk, dataset, targetOf(dead), staging).catch(() => {});
    disk.setFault(() => undefined);
    await Promise.all([1, 2, 3].map(() => recoverTarget(disk, "/out", owners)));
    expect(await names(disk, "/out"), `turn ${turn}`).toEqual(NEW);
    expect(await around(disk)).toEqual(["out"]);
  }
});

test("a writer that fails between its two renames removes neither the old nor the new", async () => {
  const disk = new MemoryDisk();
  await oldTarget(disk);
  const { dataset, staging } = await written(disk, targetOf(alive));
  let broken = true;
  let tries = 0;
  disk.setFault(({ operation, to }) => {
    if (!broken || operation !== "rename" || to !== "/out") return undefined;
    return ++tries > 1 ? "EIO" : undefined;
  });
  await publish(disk, dataset, targetOf(alive), staging).catch(() => {});
  await abandonStaging(disk, staging).catch(() => {});
  expect(await allNames(disk, staging.path)).toEqual(["commit", ...NEW, ...OLD]);
  expect(await around(disk)).toEqual([".out.pond-here~2~2~t1"]);
  broken = false;
  await abandonStaging(disk, staging);
  expect(await names(disk, "/out")).toEqual(NEW);
  expect(await around(disk)).toEqual(["out"]);
});
