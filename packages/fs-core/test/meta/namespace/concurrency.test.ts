import { describe, expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { removeTree } from "../../../src/meta/ops/remove-tree.ts";
import { rename } from "../../../src/meta/ops/rename.ts";
import { rmdir } from "../../../src/meta/ops/rmdir.ts";
import { symlink } from "../../../src/meta/ops/symlink.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { problemsOf } from "./check-rows.ts";
import { at, TestNamespace } from "./namespace.ts";

const file = (path: string) =>
  ({ place: at(path), kind: "file", mode: 0o600, rdev: 0, exclusive: true }) as const;

async function start(...directories: readonly string[]) {
  const namespace = await TestNamespace.start();
  const client = namespace.client();
  for (const path of directories) await client.mkdir(path);
  // The first ids are granted before anything is counted.
  await client.create("/warm");
  namespace.tries = 0;
  const outcomes = async (...asked: readonly Promise<unknown>[]) => {
    const settled = await namespace.eventually(Promise.allSettled(asked));
    return settled.map((each) =>
      each.status === "fulfilled" ? "done" : (each.reason as { code: string }).code,
    );
  };
  return { namespace, client, outcomes };
}

describe("of two that began together", () => {
  async function world() {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    for (const path of ["/d", "/e", "/e/f"]) await client.mkdir(path);
    await client.create("/a");
    return { namespace };
  }

  const makers = {
    create: (namespace: TestNamespace) => namespace.begun(create, file("/d/x")),
    mkdirs: (namespace: TestNamespace) =>
      namespace.begun(mkdirs, { directory: ROOT_INODE, path: "/d/x", mode: 0o755, parents: false }),
    symlink: (namespace: TestNamespace) => namespace.begun(symlink, { place: at("/d/x"), target: "y" }),
    link: async (namespace: TestNamespace) =>
      namespace.begun(link, { inode: (await namespace.client().stat("/a")).id, place: at("/d/x") }),
    rename: (namespace: TestNamespace) =>
      namespace.begun(rename, { from: at("/a"), to: at("/d/x"), mode: "replace" }),
    writeFile: (namespace: TestNamespace) =>
      namespace.begun(writeFile, {
        place: at("/d/x"),
        mode: 0o644,
        exclusive: true,
        bytes: new Uint8Array(1),
      }),
  };
  const removers = {
    rmdir: (namespace: TestNamespace) => namespace.begun(rmdir, { place: at("/d") }),
    removeTree: (namespace: TestNamespace) => namespace.begun(removeTree, { place: at("/d") }),
    replacing: (namespace: TestNamespace) =>
      namespace.begun(rename, { from: at("/e/f"), to: at("/d"), mode: "replace" }),
  };

  describe.each(Object.entries(makers))("%s in a directory", (_, make) => {
    test.each(Object.entries(removers))(
      "that %s takes away: after the removal it conflicts",
      async (_name, remove) => {
        const { namespace } = await world();
        const [maker, remover] = [await make(namespace), await remove(namespace)];
        expect([await remover.commit(), await maker.commit()]).toEqual(["committed", "conflict"]);
        expect(await problemsOf(namespace)).toEqual([]);
      },
    );

    test.each(["rmdir", "replacing"] as const)("makes a %s that comes after it conflict", async (name) => {
      const { namespace } = await world();
      const [maker, remover] = [await make(namespace), await removers[name](namespace)];
      expect([await maker.commit(), await remover.commit()]).toEqual(["committed", "conflict"]);
      expect(await problemsOf(namespace)).toEqual([]);
    });

    test("commits beside a create of another name there", async () => {
      const { namespace } = await world();
      const first = await make(namespace);
      const second = await namespace.begun(create, file("/d/y"));
      expect([await first.commit(), await second.commit()]).toEqual(["committed", "committed"]);
      expect(await problemsOf(namespace)).toEqual([]);
    });
  });
});

describe("at the same moment", () => {
  test("many create files and directories in one directory, and none has to try again", async () => {
    const { namespace, client, outcomes } = await start("/d");
    const files = Array.from({ length: 20 }, (_, index) => client.send(create, file(`/d/f${index}`)));
    const directories = Array.from({ length: 20 }, (_, index) =>
      client.send(mkdirs, { directory: ROOT_INODE, path: `/d/d${index}`, mode: 0o755, parents: false }),
    );
    expect(new Set(await outcomes(...files, ...directories))).toEqual(new Set(["done"]));
    expect(namespace.tries).toBe(40);
    expect(await client.stat("/d")).toMatchObject({ nlink: 22 });
    expect((await client.names("/d")).length).toBe(40);
  });

  test("many unlink and rename in one directory, and none has to try again", async () => {
    const { namespace, client, outcomes } = await start("/d");
    for (let index = 0; index < 20; index++) await client.create(`/d/f${index}`);
    namespace.tries = 0;
    const asked = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0
        ? client.send(unlink, { place: at(`/d/f${index}`) })
        : client.send(rename, { from: at(`/d/f${index}`), to: at(`/d/g${index}`), mode: "replace" }),
    );
    expect(new Set(await outcomes(...asked))).toEqual(new Set(["done"]));
    expect(namespace.tries).toBe(20);
  });

  test("of a create and a rmdir of its directory, one has it", async () => {
    const { namespace, client, outcomes } = await start("/d");
    const [made, removed] = await outcomes(
      client.send(create, file("/d/a")),
      client.send(rmdir, { place: at("/d") }),
    );
    expect([
      ["done", "ENOTEMPTY"],
      ["ENOENT", "done"],
    ]).toContainEqual([made, removed]);
    // Each ran once; the one that conflicted ran again, was refused, and had that remembered.
    expect(namespace.tries).toBe(4);
  });

  test("of a rename into a directory and its rmdir, one has it", async () => {
    const { client, outcomes } = await start("/d");
    const [moved, removed] = await outcomes(
      client.send(rename, { from: at("/warm"), to: at("/d/a"), mode: "replace" }),
      client.send(rmdir, { place: at("/d") }),
    );
    expect([
      ["done", "ENOTEMPTY"],
      ["ENOENT", "done"],
    ]).toContainEqual([moved, removed]);
    expect(await client.names(moved === "done" ? "/d" : "/")).toEqual([moved === "done" ? "a" : "warm"]);
  });

  test("of two creates of one name, one makes it", async () => {
    const { client, outcomes } = await start();
    const codes = await outcomes(client.send(create, file("/a")), client.send(create, file("/a")));
    expect([...codes].sort()).toEqual(["EEXIST", "done"]);
  });

  test("of two directories that move into each other, one does, and there is no loop (I7)", async () => {
    const { client, outcomes } = await start("/a", "/b", "/a/x", "/b/y");
    const codes = await outcomes(
      client.send(rename, { from: at("/a"), to: at("/b/y/a"), mode: "replace" }),
      client.send(rename, { from: at("/b"), to: at("/a/x/b"), mode: "replace" }),
    );
    expect(codes.filter((code) => code === "done").length).toBe(1);
    const [left] = (await client.names("/")).filter((name) => name !== "warm");
    expect(left).toBe(codes[0] === "done" ? "b" : "a");
  });

  test("a deep directory moves below what moves below it, and only one of them does (I7)", async () => {
    const { client, outcomes } = await start("/a", "/a/b", "/a/b/c", "/x", "/x/y", "/x/y/z");
    const codes = await outcomes(
      client.send(rename, { from: at("/a/b"), to: at("/x/y/z/b"), mode: "replace" }),
      client.send(rename, { from: at("/x/y"), to: at("/a/b/c/y"), mode: "replace" }),
    );
    expect([...codes].sort()).not.toEqual(["done", "done"]);
    expect(codes).toContain("done");
  });

  test("a file that is linked and unlinked keeps the link or goes", async () => {
    const { client, outcomes } = await start();
    const { id } = await client.stat("/warm");
    const [linked, unlinked] = await outcomes(
      client.send(link, { inode: id, place: at("/second") }),
      client.send(unlink, { place: at("/warm") }),
    );
    expect(unlinked).toBe("done");
    expect(["done", "ENOENT"]).toContain(linked);
    expect(await client.names("/")).toEqual(linked === "done" ? ["second"] : []);
    if (linked === "done") expect(await client.stat("/second")).toMatchObject({ nlink: 1 });
  });
});
