import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { moveToTrash } from "../../../src/meta/collect/trash/move-to-trash.ts";
import { TrashCleaner } from "../../../src/meta/collect/trash/trash-cleaner.ts";
import { formatTrashName, parseTrashName } from "../../../src/meta/collect/trash/trash-name.ts";
import { check } from "../../../src/meta/fsck/fsck.ts";
import { liveSource } from "../../../src/meta/fsck/source.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { rename } from "../../../src/meta/ops/rename.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { statPath } from "../../../src/meta/ops/stat-path.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { codeOf, metaWorld, placeOf, TestClient } from "../world.ts";

const HOUR_MS = 3_600_000;
const FILE = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;

async function setUp() {
  const world = await metaWorld();
  const root = new TestClient(world);
  const user = new TestClient(world, { uid: 7, gid: 7 });
  await root.ask(mkdirs, { directory: ROOT_INODE, path: "home", mode: 0o777, parents: false });
  const place = (name: string) => ({ directory: ROOT_INODE, under: "home", name });
  await user.ask(mkdirs, { directory: ROOT_INODE, path: "home/d/e", mode: 0o755, parents: true });
  await user.ask(create, { place: place("f"), ...FILE });
  const { metastore, runner, clock, random } = world;
  const deps = { metastore, runner, clock, random, log: silentLogger(), metrics: new Metrics() };
  const cleaner = new TrashCleaner(deps);
  const clean = () => world.run(cleaner.clean());
  const isThere = async (path: string): Promise<boolean> =>
    (await codeOf(root.ask(statPath, { directory: ROOT_INODE, path, follow: false }))) === undefined;
  const expectSound = async () => {
    expect((await world.run(check(liveSource(metastore)))).findings).toEqual([]);
  };
  return { world, root, user, place, clean, isThere, expectSound };
}

it("keeps what was thrown away until its time is over", async () => {
  const { world, user, place, clean, isThere, expectSound } = await setUp();
  const file = await user.ask(moveToTrash, { place: place("f"), keepMs: HOUR_MS });
  const tree = await user.ask(moveToTrash, { place: place("d"), keepMs: 2 * HOUR_MS });
  expect(await isThere("home/f")).toBe(false);
  await clean();
  expect(await isThere(`trash/7/${file.name}`)).toBe(true);
  await world.clock.advance(HOUR_MS + 1000);
  await clean();
  expect(await isThere(`trash/7/${file.name}`)).toBe(false);
  expect(await isThere(`trash/7/${tree.name}/e`)).toBe(true);
  await world.clock.advance(HOUR_MS);
  await clean();
  expect(await isThere(`trash/7/${tree.name}`)).toBe(false);
  await expectSound();
});

it("gives it back by a rename", async () => {
  const { user, place, clean, isThere, expectSound } = await setUp();
  const { directory, name } = await user.ask(moveToTrash, { place: place("d"), keepMs: HOUR_MS });
  expect(parseTrashName(name)?.name).toBe("d");
  await user.ask(rename, { from: { directory, under: "", name }, to: place("back"), mode: "replace" });
  await clean();
  expect(await isThere("home/back/e")).toBe(true);
  await expectSound();
});

it("shows nobody else what a user threw away", async () => {
  const { world, user, place } = await setUp();
  const { name } = await user.ask(moveToTrash, { place: place("f"), keepMs: HOUR_MS });
  const other = new TestClient(world, { uid: 8, gid: 8 });
  const looked = other.ask(statPath, { directory: ROOT_INODE, path: `trash/7/${name}`, follow: false });
  expect(await codeOf(looked)).toBe("EACCES");
});

it("asks for the rights that a rename asks for, and makes nothing then", async () => {
  const { world, root, place, isThere } = await setUp();
  await root.ask(create, { place: placeOf("roots"), ...FILE });
  const other = new TestClient(world, { uid: 8, gid: 8 });
  const thrown = other.ask(moveToTrash, { place: placeOf("roots"), keepMs: HOUR_MS });
  expect(await codeOf(thrown)).toBe("EACCES");
  expect(await isThere("trash")).toBe(false);
  expect(await codeOf(other.ask(moveToTrash, { place: place("none"), keepMs: HOUR_MS }))).toBe("ENOENT");
  expect(await codeOf(other.ask(moveToTrash, { place: place("f"), keepMs: 1 }))).toBe("EINVAL");
});

it("has a place for each quota", async () => {
  const { root, user, place, isThere, expectSound } = await setUp();
  const { inode } = await user.ask(create, { place: place("q"), ...FILE });
  const none = { mode: undefined, uid: undefined, gid: undefined, atime: undefined, mtime: undefined };
  await root.ask(setattr, { inode: inode.id, changes: { ...none, flags: undefined, quota: 5 } });
  const { name } = await user.ask(moveToTrash, { place: place("q"), keepMs: HOUR_MS });
  expect(await isThere(`trash/7-quota-5/${name}`)).toBe(true);
  await expectSound();
});

const name = fc
  .string({ minLength: 1, maxLength: 300, unit: "grapheme" })
  .filter((text) => text.trim() !== "");

test.prop([name, fc.nat(4e12), fc.nat(3e10)])(
  "names tell when they expire, and fit",
  (text, sinceMs, forMs) => {
    const formatted = formatTrashName({ name: text, sinceMs, untilMs: sinceMs + forMs, tag: "0123abcd" });
    expect(new TextEncoder().encode(formatted).length).toBeLessThanOrEqual(255);
    const parsed = parseTrashName(formatted)!;
    expect(text.startsWith(parsed.name)).toBe(true);
    expect(parsed.untilMs).toBeGreaterThanOrEqual(sinceMs + forMs);
    expect(parsed.untilMs).toBeLessThan(sinceMs + forMs + 1000);
  },
);
