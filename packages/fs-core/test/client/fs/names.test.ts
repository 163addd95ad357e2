import { afterEach, beforeEach, expect, it } from "vitest";
import type { FileSystem } from "../../../src/client/file-system.ts";
import { ClientWorld, codeOf } from "./world.ts";

let world: ClientWorld;
let fs: FileSystem;
beforeEach(async () => {
  world = await ClientWorld.open();
  fs = world.client().fs;
});
afterEach(() => world.close());

async function listed(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of fs.readdir(path)) names.push(name);
  return names;
}

it("makes, lists, moves and removes", () =>
  world.run(async () => {
    await fs.mkdir("/a/b/c", { recursive: true });
    await fs.mkdir("/a/b/c", { recursive: true });
    expect(await codeOf(fs.mkdir("/a"))).toBe("EEXIST");
    await fs.writeFile("/a/b/x", "x");
    await fs.rename("/a/b/x", "/a/y");
    await fs.symlink("../a/y", "/a/l");
    await fs.link("/a/y", "/a/z");
    expect(await listed("/a")).toEqual(["b", "l", "y", "z"]);
    expect(await fs.readlink("/a/l")).toBe("../a/y");
    expect(await codeOf(fs.readlink("/a/y"))).toBe("EINVAL");
    expect((await fs.lstat("/a/l")).kind).toBe("symlink");
    expect(await fs.stat("/a/l")).toMatchObject({ kind: "file", size: 1n, nlink: 2 });
    await fs.unlink("/a/z");
    expect(await codeOf(fs.unlink("/a"))).toBe("EISDIR");
    expect(await codeOf(fs.rmdir("/a"))).toBe("ENOTEMPTY");
    await fs.rmdir("/a/b/c");
    await fs.rename("/a/b", "/a/y", { exchange: true });
    expect((await fs.stat("/a/y")).kind).toBe("directory");
    expect(await codeOf(fs.rename("/a/y", "/a/b", { noReplace: true }))).toBe("EEXIST");
  }));

it("removes trees, and what is not there if it is told that this is no error", () =>
  world.run(async () => {
    await fs.mkdir("/t/u", { recursive: true });
    await fs.writeFile("/t/u/x", "x");
    expect(await codeOf(fs.rm("/t"))).toBe("EISDIR");
    await fs.rm("/t", { recursive: true });
    expect(await fs.exists("/t")).toBe(false);
    expect(await codeOf(fs.rm("/t", { recursive: true }))).toBe("ENOENT");
    await fs.rm("/t", { recursive: true, force: true });
    await fs.rm("/t", { force: true });
    await fs.writeFile("/f", "x");
    await fs.rm("/f", { recursive: true });
    await fs.symlink("/nowhere", "/l");
    await fs.rm("/l");
    expect(await listed("/")).toEqual([]);
    expect(await codeOf(fs.rm("/", { recursive: true }))).toBe("EBUSY");
  }));

it("removes trees that are too large for one step, part by part", async () => {
  const small = await ClientWorld.open({ meta: { namespace: { treeDirectoriesMax: 3 } } });
  const user = small.client({ user: { uid: 7, gid: 7 }, questionsAtOnce: 4 });
  await small.run(async () => {
    await small.client().fs.mkdir("/home", { mode: 0o777 });
    for (const name of ["a", "b"]) {
      await user.fs.mkdir(`/home/t/${name}/c`, { recursive: true });
      for (let at = 0; at < 8; at++) await user.fs.writeFile(`/home/t/${name}/c/${at}`, "x");
    }
    await user.fs.rm("/home/t", { recursive: true });
    expect(await user.fs.exists("/home/t")).toBe(false);
  });
  expect(user.calls.filter((name) => name === "removeTree").length).toBeGreaterThan(2);
  await small.close();
});

it("lists a large directory page by page, once each, and lets go in the middle", () =>
  world.run(async () => {
    await fs.mkdir("/d");
    const names = Array.from({ length: 1050 }, (_, at) => `f${String(at).padStart(5, "0")}`);
    for (let at = 0; at < names.length; at += 100) {
      await Promise.all(names.slice(at, at + 100).map((name) => fs.symlink("x", `/d/${name}`)));
    }
    expect(await listed("/d")).toEqual(names);
    const seen: string[] = [];
    for await (const { name } of fs.readdir("/d")) {
      seen.push(name);
      if (seen.length === 10) break;
    }
    expect(seen).toEqual(names.slice(0, 10));
    await expect(
      (async () => {
        for await (const _ of fs.readdir("/d", { signal: AbortSignal.abort(new Error("enough")) }));
      })(),
    ).rejects.toThrow("enough");
  }));

it("tells of many paths at once, also that nothing is there", () =>
  world.run(async () => {
    for (let at = 0; at < 100; at++) await fs.writeFile(`/f${at}`, "x".repeat(at));
    const paths = ["/none", "/f3/x", ...Array.from({ length: 100 }, (_, at) => `/f${at}`)];
    const stats = await fs.statMany(paths);
    expect(stats.map((each) => each?.size)).toEqual([
      undefined,
      undefined,
      ...Array.from({ length: 100 }, (_, at) => BigInt(at)),
    ]);
  }));

it("tells where a path leads to", () =>
  world.run(async () => {
    await fs.mkdir("/a/b", { recursive: true });
    await fs.writeFile("/a/b/f", "x");
    await fs.symlink("/a", "/up");
    await fs.symlink("b/../b/f", "/a/l");
    await fs.symlink("loop", "/loop");
    expect(await fs.realpath("/up/./l")).toBe("/a/b/f");
    expect(await fs.realpath("/up/b/..")).toBe("/a");
    expect(await fs.realpath("/../..")).toBe("/");
    expect(await codeOf(fs.realpath("/a/none"))).toBe("ENOENT");
    expect(await codeOf(fs.realpath("/a/b/f/x"))).toBe("ENOTDIR");
    expect(await codeOf(fs.realpath("/a/b/f/"))).toBe("ENOTDIR");
    expect(await codeOf(fs.realpath("/loop"))).toBe("ELOOP");
  }));

it("changes attributes", () =>
  world.run(async () => {
    await fs.writeFile("/f", "x");
    await fs.chmod("/f", 0o640);
    await fs.chown("/f", { uid: 5 });
    await fs.utimes("/f", { mtimeNs: 123n });
    expect(await fs.stat("/f")).toMatchObject({ mode: 0o640, uid: 5, gid: 0, mtimeNs: 123n });
    expect(await fs.getXattr("/f", "user.a")).toBeUndefined();
    await fs.setXattr("/f", "user.a", Uint8Array.of(1, 2));
    expect(await fs.getXattr("/f", "user.a")).toEqual(Uint8Array.of(1, 2));
    expect(await fs.listXattrs("/f")).toEqual(["user.a"]);
    await fs.removeXattr("/f", "user.a");
    expect(await codeOf(fs.removeXattr("/f", "user.a"))).toBe("ENODATA");
    expect(await fs.space()).toMatchObject({ inodesTotal: undefined });
  }));

it("keeps times that are set after a write, as copies of files want it", () =>
  world.run(async () => {
    const file = await fs.open("/f", "w");
    await file.write(new Uint8Array(10));
    await fs.utimes("/f", { mtimeNs: 123n });
    await file.close();
    expect(await fs.stat("/f")).toMatchObject({ size: 10n, mtimeNs: 123n });
  }));

it("names the path that was given, and says what is wrong with it", () =>
  world.run(async () => {
    await fs.writeFile("/f", "x");
    await expect(fs.open("/some/where/f")).rejects.toMatchObject({
      code: "ENOENT",
      message: expect.stringMatching(/^ENOENT: open "\/some\/where\/f": /),
      details: { operation: "open", subject: "/some/where/f" },
    });
    expect(await codeOf(fs.open("f"))).toBe("EINVAL");
    expect(await codeOf(fs.open(""))).toBe("ENOENT");
    expect(await codeOf(fs.open(undefined as unknown as string))).toBe("EINVAL");
    expect(await codeOf(fs.open("/f", "q" as "r"))).toBe("EINVAL");
    expect(await codeOf(fs.open("/"))).toBe("EISDIR");
    expect(await codeOf(fs.open("/f/"))).toBe("ENOTDIR");
    expect(await codeOf(fs.open("/f/", "w"))).toBe("ENOTDIR");
    expect(await codeOf(fs.open(`/${"x".repeat(300)}`, "w"))).toBe("ENAMETOOLONG");
    expect(await codeOf(fs.open("/f", "wx"))).toBe("EEXIST");
    expect(await codeOf(fs.open("/none", "r+"))).toBe("ENOENT");
    expect(await codeOf(fs.unlink("/f/"))).toBe("ENOTDIR");
    expect(await codeOf(fs.readFile("/"))).toBe("EISDIR");
  }));

it("closes files that are still open, and is of no use afterwards", () =>
  world.run(async () => {
    const file = await fs.open("/f", "w");
    await file.write(new Uint8Array(10).fill(1));
    const late = fs.open("/g", "w");
    const closing = fs.close();
    await expect(late).rejects.toMatchObject({ code: "FILE_SYSTEM_CLOSED" });
    await closing;
    await fs.close();
    await expect(fs.stat("/f")).rejects.toMatchObject({ code: "FILE_SYSTEM_CLOSED" });
    const other = world.client().fs;
    expect((await other.readFile("/f")).length).toBe(10);
    // Its session has ended: a small file is written as if it had never been open.
    await other.writeFile("/f", "x");
  }));
