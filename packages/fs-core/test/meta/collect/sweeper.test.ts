import { expect, it } from "vitest";
import { type ClientId, newRandomId, type RequestId } from "../../../src/ids.ts";
import { Sweeper } from "../../../src/meta/collect/sweeper.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { revokedClientKey } from "../../../src/meta/rows/keys.ts";
import { revokedClientRow } from "../../../src/meta/sessions/revoked-clients.ts";
import { prefixRange } from "../../../src/metastore/keys.ts";
import { encode } from "../../../src/wire/codec/index.ts";
import { codeOf, metaWorld, placeOf, TestClient } from "../world.ts";

const DAY_MS = 86_400_000;
const REQUEST_SLOT_MS = 600_000;

async function setUp() {
  const world = await metaWorld();
  const { metastore, clock } = world;
  const sweeper = new Sweeper(
    { metastore, clock },
    { revokedClientKeptMs: DAY_MS, requestSlotMs: REQUEST_SLOT_MS },
  );
  const rows = (table: string): Promise<number> =>
    world.run(
      metastore.transact(
        async (t) => (await t.range(prefixRange(new TextEncoder().encode(table)))).entries.length,
      ),
    );
  return { world, sweeper, rows, client: new TestClient(world) };
}

it("forgets answers only when no copy of the request can be understood any more", async () => {
  const { world, sweeper, rows, client } = await setUp();
  const request = newRandomId<RequestId>(world.random);
  const file = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;
  const again = () => client.ask(create, { place: placeOf("a"), ...file, request });
  await again();
  for (let passed = 0; passed < REQUEST_SLOT_MS; passed += REQUEST_SLOT_MS / 4) {
    expect(await world.run(sweeper.sweepRequests())).toBe(0);
    expect(await codeOf(again())).toBeUndefined();
    await world.clock.advance(REQUEST_SLOT_MS / 4);
  }
  await world.run(sweeper.sweepRequests());
  await world.clock.advance(REQUEST_SLOT_MS);
  expect(await world.run(sweeper.sweepRequests())).toBe(1);
  expect(await rows("IDEM")).toBe(0);
});

it("forgets nothing because a clock on the wall is wrong", async () => {
  const { world, sweeper, client } = await setUp();
  const request = newRandomId<RequestId>(world.random);
  const file = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;
  const again = () => client.ask(create, { place: placeOf("a"), ...file, request });
  const first = await again();
  for (const jumpMs of [DAY_MS, -3 * DAY_MS]) {
    world.clock.jumpWall(jumpMs);
    expect(await world.run(sweeper.sweepRequests())).toBe(0);
    expect(await again()).toEqual(first);
  }
});

it("forgets more than fits into one transaction", async () => {
  const { world, sweeper, rows, client } = await setUp();
  const file = { kind: "file", mode: 0o644, rdev: 0, exclusive: true } as const;
  const names = Array.from({ length: 1100 }, (_, at) => `n${at}`);
  for (let at = 0; at < names.length; at += 100) {
    const some = names.slice(at, at + 100);
    await Promise.all(some.map((name) => client.ask(create, { place: placeOf(name), ...file })));
  }
  expect(await world.run(sweeper.sweepRequests())).toBe(0);
  await world.clock.advance(REQUEST_SLOT_MS);
  expect(await world.run(sweeper.sweepRequests())).toBe(0);
  await world.clock.advance(REQUEST_SLOT_MS);
  expect(await world.run(sweeper.sweepRequests())).toBe(1100);
  expect(await rows("IDEM")).toBe(0);
});

it("forgets clients that were given up once it has known them for long, whatever the time of day", async () => {
  const { world, sweeper, rows } = await setUp();
  const giveUp = (): Promise<void> => {
    const client = newRandomId<ClientId>(world.random);
    const row = encode(revokedClientRow, world.clock.wallMs());
    return world.run(world.metastore.transact(async (t) => t.set(revokedClientKey(client), row)));
  };
  await giveUp();
  world.clock.jumpWall(10 * DAY_MS);
  expect(await world.run(sweeper.sweepClients())).toBe(0);
  await world.clock.advance(DAY_MS / 2);
  await giveUp();
  expect(await world.run(sweeper.sweepClients())).toBe(0);
  await world.clock.advance(DAY_MS / 2);
  expect(await world.run(sweeper.sweepClients())).toBe(1);
  expect(await rows("CREV")).toBe(1);
});
