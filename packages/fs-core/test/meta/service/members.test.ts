import { SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { expect, it } from "vitest";
import { serviceKey } from "../../../src/meta/rows/keys.ts";
import { Members } from "../../../src/meta/service/members.ts";
import { prefixRange } from "../../../src/metastore/keys.ts";
import { openMemoryMetastore } from "../../../src/testing/memory-metastore.ts";

const SETTINGS = { beatMs: 1000, deadMs: 5000 };
const SHARDS = 64;

function setUp() {
  const clock = new ManualClock();
  const random = new SeededRandom(3);
  const metastore = openMemoryMetastore({ clock, random: random.fork("store") });
  const join = (name: string): Members =>
    new Members({ metastore, clock, random: random.fork(name) }, SETTINGS);
  const beats = async (members: readonly Members[], count: number): Promise<void> => {
    for (let beat = 0; beat < count; beat++) {
      for (const member of members) await member.beat();
      await clock.advance(SETTINGS.beatMs);
    }
  };
  const shares = (members: readonly Members[]) => members.map((each) => each.shardsOf("work", SHARDS));
  const rows = async (): Promise<number> =>
    metastore.transact(async (t) => (await t.range(prefixRange(serviceKey()))).entries.length);
  return { clock, join, beats, shares, rows };
}

it("gives all work to the only service, and none before it has counted", async () => {
  const { join, beats } = setUp();
  const one = join("one");
  expect(one.shardsOf("work", SHARDS)).toEqual([]);
  await beats([one], 1);
  expect(one.shardsOf("work", SHARDS)).toHaveLength(SHARDS);
});

it("shares work out so that each piece is somebody's and only one's", async () => {
  const { join, beats, shares } = setUp();
  const members = ["one", "two", "three"].map(join);
  await beats(members, 2);
  const all = shares(members);
  expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: SHARDS }, (_, shard) => shard));
  for (const share of all) expect(share.length).toBeGreaterThan(SHARDS / 9);
});

it("takes over from one that stands still, whatever its clock says, and forgets it later", async () => {
  const { join, beats, shares, rows } = setUp();
  const [one, two] = [join("one"), join("two")];
  await beats([one, two], 2);
  await beats([one], 4);
  expect(shares([one])[0]!.length).toBeLessThan(SHARDS);
  await beats([one], 3);
  expect(shares([one])[0]).toHaveLength(SHARDS);
  await beats([one], 60);
  expect(await rows()).toBe(1);
});

it("takes over at once from one that leaves", async () => {
  const { join, beats, shares } = setUp();
  const [one, two] = [join("one"), join("two")];
  await beats([one, two], 2);
  await two.leave();
  await beats([one], 1);
  expect(shares([one, two])).toEqual([Array.from({ length: SHARDS }, (_, shard) => shard), []]);
});

it("gives little work another owner when a service comes", async () => {
  const { join, beats, shares } = setUp();
  const [one, two, three] = [join("one"), join("two"), join("three")];
  await beats([one, two], 2);
  const before = shares([one, two]);
  await beats([one, two, three], 2);
  const after = shares([one, two]);
  // Nothing moves between the two that stay.
  for (const at of [0, 1]) for (const shard of after[at]!) expect(before[at]).toContain(shard);
});
