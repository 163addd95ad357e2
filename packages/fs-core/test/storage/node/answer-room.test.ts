import { describe, expect, it } from "vitest";
import { AnswerRoom, memoryOf } from "../../../src/storage/node/answer-room.ts";

const NEVER = new AbortController();

describe("memory for answers", () => {
  it("is given to a question as a whole, in order of asking", async () => {
    const room = new AnswerRoom({ bytesMax: 100 });
    const begun: string[] = [];
    const take = async (name: string, bytes: number): Promise<() => void> => {
      const leave = await room.take(bytes, () => NEVER.signal);
      begun.push(name);
      return leave;
    };
    const [first, second] = [await take("a", 60), await take("b", 30)];
    const large = take("c", 50);
    const small = take("d", 5);
    await settled();
    expect(begun).toEqual(["a", "b"]);
    expect(room.waiting).toBe(2);
    second();
    await settled();
    expect(begun).toEqual(["a", "b"]);
    first();
    for (const leave of await Promise.all([large, small])) leave();
    expect(begun).toEqual(["a", "b", "c", "d"]);
    expect(room.takenBytes).toBe(0);
  });

  it("is not waited for any more by who gave up, nor by those behind", async () => {
    const room = new AnswerRoom({ bytesMax: 100 });
    const leave = await room.take(60, () => NEVER.signal);
    const stop = new AbortController();
    const large = room.take(50, () => stop.signal).catch(() => "gone");
    const small = room.take(40, () => NEVER.signal);
    stop.abort(new Error("gone"));
    expect(await large).toBe("gone");
    (await small)();
    leave();
    expect(room).toMatchObject({ takenBytes: 0, waiting: 0 });
  });

  it("counts what a pool gives: whole pages, and a power of two of them", () => {
    expect(memoryOf({ offset: 0, length: 0 })).toBe(0);
    expect(memoryOf({ offset: 0, length: 1 })).toBe(4096);
    expect(memoryOf({ offset: 4095, length: 2 })).toBe(8192);
    expect(memoryOf({ offset: 0, length: 3 * 4096 })).toBe(4 * 4096);
    expect(memoryOf({ offset: 100, length: 2 ** 20 })).toBe(2 ** 21);
  });
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
