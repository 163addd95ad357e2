import { expect, test } from "vitest";
import { targetId } from "../../../src/ids.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { AnswerRoom } from "../../../src/storage/node/answer-room.ts";
import { NodeMetrics, type Offers } from "../../../src/storage/node/node-metrics.ts";
import { LAST_CHUNK, READ, WRITE } from "../../../src/storage/protocol/methods.ts";
import type { ReadAnswer } from "../../../src/storage/protocol/read.ts";
import type { WriteAnswer } from "../../../src/storage/protocol/write.ts";
import type { Handler } from "../../../src/wire/rpc/method.ts";

function newRouter() {
  const handlers = new Map<number, Handler<never, unknown>>();
  const router: Offers = { handle: (method, handler) => void handlers.set(method.id, handler) };
  const call = (id: number, received = 0): Promise<unknown> =>
    handlers.get(id)!({} as never, { received: { view: new Uint8Array(received) } } as never);
  return { router, call };
}

test("items are counted one by one by what came of them, bytes as they came or were read", async () => {
  const metrics = new Metrics();
  const { router, call } = newRouter();
  const offers = new NodeMetrics(metrics).counting(router);
  offers.handle(
    READ,
    async (): Promise<ReadAnswer> => ({
      items: [
        { kind: "bytes", version: 1, chunkLength: 9, length: 9, crc: 0 },
        { kind: "hole" },
        { kind: "refused", code: "CHAIN_CHANGED", message: "", chainVersion: 2 },
      ],
    }),
  );
  offers.handle(
    WRITE,
    async (): Promise<WriteAnswer> => ({
      items: [{ kind: "refused", code: "STORE_FULL", message: "", chainVersion: undefined }],
    }),
  );
  offers.handle(LAST_CHUNK, async () => ({ items: [] }));
  await call(READ.id);
  await call(WRITE.id, 7);
  await call(LAST_CHUNK.id);
  expect(
    metrics
      .text()
      .split("\n")
      .filter((line) => /^pond_storage_(items|bytes)/.test(line)),
  ).toEqual([
    `pond_storage_bytes_total{operation="read"} 9`,
    `pond_storage_bytes_total{operation="write"} 7`,
    `pond_storage_items_total{operation="read",outcome="bytes"} 1`,
    `pond_storage_items_total{operation="read",outcome="hole"} 1`,
    `pond_storage_items_total{operation="read",outcome="CHAIN_CHANGED"} 1`,
    `pond_storage_items_total{operation="write",outcome="STORE_FULL"} 1`,
  ]);
});

test("a state that no target is in any more is 0, not what it was", () => {
  const metrics = new Metrics();
  const own = new NodeMetrics(metrics);
  const room = new AnswerRoom({ bytesMax: 1 });
  const target = { target: targetId(1), usedBytes: 3, usableBytes: 4 };
  own.show([{ ...target, state: "syncing" }], room);
  own.show([{ ...target, state: "serving" }], room);
  expect(metrics.text()).toContain(`pond_storage_targets{state="syncing"} 0\n`);
  expect(metrics.text()).toContain(`pond_storage_targets{state="serving"} 1\n`);
});
