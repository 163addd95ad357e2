import { symlink } from "node:fs/promises";
import { type Disk, diskError } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { type DiskUnderTest, diskContract, MemoryDisk } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { runContract } from "./run-contract.ts";

async function subject(disk: Disk): Promise<DiskUnderTest> {
  const directory = await disk.tempDirectory();
  return { disk, directory: directory.path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

runContract(
  "MemoryDisk",
  diskContract(() => subject(new MemoryDisk())),
);
runContract(
  "NodeDisk",
  diskContract(() => subject(new NodeDisk())),
);

test("removing a tree on the real disk removes links and spares what they point at", async () => {
  const disk = new NodeDisk();
  await using directory = await disk.tempDirectory();
  const at = (name: string): string => `${directory.path}/${name}`;
  await disk.mkdir(at("precious"));
  await disk.writeFile(at("precious/x"), "x");
  await disk.mkdir(at("doomed"));
  await symlink(at("precious"), at("doomed/inner"));
  await symlink(at("precious"), at("outer"));
  expect(await disk.readdir(at("doomed"))).toEqual([{ name: "inner", type: "symlink" }]);

  await disk.removeTree(at("doomed"));
  await disk.removeTree(at("outer"));

  expect(await disk.readdir(directory.path)).toEqual([{ name: "precious", type: "directory" }]);
  expect(await disk.exists(at("precious/x"))).toBe(true);
});

test("a real path follows symbolic links", async () => {
  const disk = new NodeDisk();
  await using directory = await disk.tempDirectory();
  const real = await disk.realPath(directory.path);
  await disk.mkdir(`${real}/there`);
  await symlink(`${real}/there`, `${real}/link`);
  expect(await disk.realPath(`${real}/link/../link`)).toBe(`${real}/there`);
});

test("the root of a file system is never removed", async () => {
  await expect(new NodeDisk().removeTree("/tmp/..")).rejects.toThrow("must not be given the root");
});

test("a full memory disk is ENOSPC until something is removed", async () => {
  const disk = new MemoryDisk({ capacityBytes: 100 });
  await disk.writeFile("/a", new Uint8Array(60));
  await expect(disk.writeFile("/b", new Uint8Array(60))).rejects.toMatchObject({
    code: "ENOSPC",
    kind: "unavailable",
  });
  await using open = await disk.open("/a", { read: true });
  await disk.unlink("/a");
  expect(await disk.freeBytes("/")).toBe(40);
  await open.close();
  expect(await disk.freeBytes("/")).toBe(100);
});

test("a planned fault fails exactly the calls it names", async () => {
  const disk = new MemoryDisk();
  disk.setFault(({ operation, path }) => (operation === "sync" && path === "/a" ? "EIO" : undefined));
  await using file = await disk.open("/a", { write: true, create: true });
  await file.writeAt(new Uint8Array(1), 0);
  await expect(file.sync()).rejects.toMatchObject({ code: "EIO", kind: "unknown-outcome" });
  disk.setFault(() => undefined);
  await file.sync();
});

test("nonsensical open options are our own bug, not an outcome", async () => {
  for (const disk of [new MemoryDisk(), new NodeDisk()]) {
    await expect(disk.open("/a", {})).rejects.toThrow("to read, to write or both");
    await expect(disk.open("/a", { read: true, create: true })).rejects.toThrow("create needs write");
  }
});

test("a code the disk does not know is EOTHER and keeps its name", () => {
  const error = diskError("EWEIRD", { operation: "link", path: "/a", to: "/b" });
  expect(error).toMatchObject({ code: "EOTHER", kind: "internal", message: "cannot link /a to /b: EWEIRD" });
});

test.runIf(process.platform === "linux")(
  "making directories where none can be made ends with an error",
  async () => {
    // Node's own recursive mkdir never comes back from this.
    await expect(new NodeDisk().mkdir("/proc/none/such", { recursive: true })).rejects.toMatchObject({
      code: "ENOENT",
    });
  },
);
