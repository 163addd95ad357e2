/** What no file system takes, sent to a service over a socket: the right errno, nothing changed, and the service lives. */
import { isPondError } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { META, type MetaCaller, ROOT_INODE } from "@smallpond/fs-core";
import { type ServedMind, serveMind } from "@smallpond/fs-core/platform";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectTestClient, type TestClient } from "./client.ts";
import { testMind } from "./settings.ts";

const root = { directory: ROOT_INODE } as const;
const file = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;

async function errnoOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    if (!isPondError(error)) throw error;
    return error.code;
  }
}

async function entries(meta: MetaCaller): Promise<readonly string[]> {
  const question = { ...root, after: undefined, limit: 1000, attributes: false };
  return (await meta.ask(META.readdir, question)).entries.map(({ name }) => name);
}

function create(meta: MetaCaller, name: string): Promise<unknown> {
  return meta.change(META.create, { place: { ...root, under: "", name }, ...file });
}

describe("names and paths", () => {
  let directory: Awaited<ReturnType<NodeDisk["tempDirectory"]>>;
  let served: ServedMind;
  let client: TestClient;
  beforeAll(async () => {
    directory = await new NodeDisk().tempDirectory();
    served = await serveMind(testMind({ directory: directory.path, nodes: 1 }, 1), { writeLog: () => {} });
    await served.node.ready;
    client = connectTestClient([served.node.address]);
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await served.close();
    await directory[Symbol.asyncDispose]();
  });

  test.each([
    ["with a NUL", "a\0b", "EINVAL"],
    ["with a slash", "a/b", "EINVAL"],
    ["that is empty", "", "ENOENT"],
    ["that is a dot", ".", "EINVAL"],
    ["that is two dots", "..", "EINVAL"],
    ["of 256 bytes", "n".repeat(256), "ENAMETOOLONG"],
    ["of 256 bytes in 128 characters", "é".repeat(128), "ENAMETOOLONG"],
  ])("a name %s is refused by everything that would give it", async (_, name, errno) => {
    const { meta } = client;
    const place = { ...root, under: "", name };
    const before = await entries(meta);
    await create(meta, "there").catch(() => {});
    const from = { ...root, under: "", name: "there" };
    const answers = [
      await errnoOf(create(meta, name)),
      await errnoOf(meta.change(META.symlink, { place, target: "x" })),
      await errnoOf(meta.change(META.rename, { from, to: place, mode: "replace" })),
    ];
    expect(answers).toEqual([errno, errno, errno]);
    expect(await entries(meta)).toEqual([...new Set([...before, "there"])]);
  });

  test("a name of 255 bytes and a path of 4,095 are taken", async () => {
    const { meta } = client;
    const name = "m".repeat(255);
    expect(await errnoOf(create(meta, name))).toBe("ok");
    const path = `${"./".repeat((4095 - 255 - 1) / 2)}${name}`;
    expect(path.length).toBeLessThanOrEqual(4095);
    expect(await errnoOf(meta.ask(META.statPath, { ...root, path, follow: true }))).toBe("ok");
  });

  test("a path of 4,097 bytes is too long", async () => {
    const { meta } = client;
    const path = `${"./".repeat(2048)}a`;
    expect(await errnoOf(meta.ask(META.statPath, { ...root, path, follow: true }))).toBe("ENAMETOOLONG");
    const made = meta.change(META.mkdirs, { ...root, path, mode: 0o755, parents: true });
    expect(await errnoOf(made)).toBe("ENAMETOOLONG");
  });

  test("symbolic links in a circle are a loop, however they are met", async () => {
    const { meta } = client;
    const link = (name: string, target: string): Promise<unknown> =>
      meta.change(META.symlink, { place: { ...root, under: "", name }, target });
    await link("ring-1", "ring-2");
    await link("ring-2", "ring-1");
    const stat = (path: string, follow: boolean): Promise<string> =>
      errnoOf(meta.ask(META.statPath, { ...root, path, follow }));
    expect(await stat("ring-1", true)).toBe("ELOOP");
    expect(await stat("ring-1/x", false)).toBe("ELOOP");
    expect(await stat("ring-1", false)).toBe("ok");
    const place = { ...root, under: "ring-2", name: "f" };
    expect(await errnoOf(meta.change(META.create, { place, ...file }))).toBe("ELOOP");
  });
});

test("a full store takes no more files and says so; what is there stays, and stays readable", async () => {
  await using directory = await new NodeDisk().tempDirectory();
  const settings = { ...testMind({ directory: directory.path, nodes: 1 }, 1), storeBytesMax: 256 * 1024 };
  await using served = await serveMind(settings, { writeLog: () => {} });
  await served.node.ready;
  await using client = connectTestClient([served.node.address]);
  const { meta } = client;
  const made: string[] = [];
  let errno = "ok";
  for (let count = 0; errno === "ok" && count < 5000; count++) {
    const name = `f${count}`;
    errno = await errnoOf(create(meta, name));
    if (errno === "ok") made.push(name);
  }
  expect(errno).toBe("ENOSPC");
  expect(made.length).toBeGreaterThan(100);
  expect(await errnoOf(create(meta, "one-more"))).toBe("ENOSPC");
  expect([...(await entries(meta))].sort()).toEqual([...made].sort().slice(0, 1000));
  const found = await meta.ask(META.statPath, { ...root, path: made[0]!, follow: true });
  expect(found.inode.kind).toBe("file");
});

test("from a full store files can be removed until it takes new ones again", async () => {
  await using directory = await new NodeDisk().tempDirectory();
  const settings = {
    ...testMind({ directory: directory.path, nodes: 1 }, 1),
    storeBytesMax: 512 * 1024,
    meta: {
      namespace: { garbageDelayMs: 10 },
      collect: { everyMs: 50 },
      sweepEveryMs: 200,
      requestSlotMs: 500,
    },
  };
  await using served = await serveMind(settings, { writeLog: () => {} });
  await served.node.ready;
  await using client = connectTestClient([served.node.address]);
  const { meta } = client;
  let count = 0;
  while ((await errnoOf(create(meta, `f${count}`))) === "ok") count += 1;
  expect(await errnoOf(create(meta, "refused"))).toBe("ENOSPC");
  const left = Array.from({ length: count }, (_, each) => `f${each}`);
  for (const name of left.splice(0, 200)) {
    await meta.change(META.unlink, { place: { ...root, under: "", name } });
  }
  await expect.poll(() => errnoOf(create(meta, "again")), { timeout: 20_000 }).toMatch("ok");
  expect(await errnoOf(meta.ask(META.statPath, { ...root, path: "f0", follow: true }))).toBe("ENOENT");
  expect(await errnoOf(meta.ask(META.statPath, { ...root, path: left[0]!, follow: true }))).toBe("ok");
});
