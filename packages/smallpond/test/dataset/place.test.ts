import { MemoryDisk } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { findPlace } from "../../src/dataset/place.ts";

test("a target that another writer replaces while it is looked at is found once it is there again", async () => {
  const disk = new MemoryDisk();
  await disk.mkdir("/data/out", { recursive: true });
  let away = 3;
  disk.setFault(({ operation }) => (operation === "realPath" && away-- > 0 ? "ENOENT" : undefined));
  expect(await findPlace(disk, "/data/out")).toEqual({
    path: "/data/out",
    there: "directory",
    inside: false,
  });
  expect(away).toBe(-1);
  disk.setFault(({ operation }) => (operation === "realPath" ? "ENOENT" : undefined));
  expect(await findPlace(disk, "/data/out")).toMatchObject({ there: "nothing" });
  disk.setFault(({ operation }) => (operation === "realPath" ? "EIO" : undefined));
  await expect(findPlace(disk, "/data/out")).rejects.toMatchObject({ code: "EIO" });
});
