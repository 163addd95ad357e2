import { describe, expect, it } from "vitest";
import type { ChainId, ChainVersion } from "../../../src/ids.ts";
import { Forwarder } from "../../../src/storage/chain/forwarder.ts";
import { DEFAULT_CHAIN_SETTINGS } from "../../../src/storage/chain/settings.ts";
import type { ForwardAnswer, ForwardItem, ForwardQuestion } from "../../../src/storage/protocol/forward.ts";
import type { Caller, CallOptions } from "../../../src/wire/rpc/method.ts";
import { keyOf } from "../helpers.ts";

const SETTINGS = { ...DEFAULT_CHAIN_SETTINGS, questionsMax: 1, questionItemsMax: 3, questionBytesMax: 100 };

interface Asked {
  readonly question: ForwardQuestion;
  readonly options: CallOptions;
  readonly answer: (answer: ForwardAnswer) => void;
}

function newForwarder() {
  const asked: Asked[] = [];
  const call = (_: unknown, question: unknown, options: CallOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      options.signal?.addEventListener("abort", () => reject(options.signal!.reason as Error));
      asked.push({ question: question as ForwardQuestion, options, answer: resolve });
    });
  const forwarder = new Forwarder({ caller: () => ({ call }) as Caller }, SETTINGS);
  const send = (chunk: number, bytes = 0, signal?: AbortSignal) =>
    forwarder.send(() => itemOf(chunk), {
      trafficClass: "foreground",
      bytes: new Uint8Array(bytes),
      signal,
    });
  return { asked, send, forwarder };
}

function itemOf(chunk: number): ForwardItem {
  return {
    ...{ chain: 1 as ChainId, chainVersion: 1 as ChainVersion, link: { sequence: 1, settledBelow: 1 } },
    ...{ key: keyOf(chunk), version: 1, action: { kind: "truncate", length: 0 }, dedupe: undefined },
  };
}

const DONE = { kind: "committed", version: 1, length: 0, crc: 0 } as const;

describe("passing updates on to a node", () => {
  it("asks once for what comes in one turn, in order, and tells each its outcome", async () => {
    const { asked, send } = newForwarder();
    const sending = [send(1, 10), send(2, 0), send(3, 20)];
    await Promise.resolve();
    expect(asked.map(({ question }) => question.items.map(({ key }) => key.chunk))).toEqual([[1, 2, 3]]);
    expect(asked[0]!.options.send?.map((piece) => (piece as Uint8Array).length)).toEqual([10, 20]);
    const items = [1, 2, 3].map((version) => ({ ...DONE, version }));
    asked[0]!.answer({ items });
    expect(await Promise.all(sending)).toEqual(items);
  });

  it("gathers more while as many questions as may be are under way, up to so many items and bytes", async () => {
    const { asked, send } = newForwarder();
    const chunks = [1, 2, 3, 4, 5, 6, 7];
    const sending = chunks.map((chunk) => send(chunk, chunk >= 5 ? 60 : 0));
    const sizes: number[][] = [];
    for (let question = 0; question < 4; question++) {
      await settled();
      const { items } = asked[question]!.question;
      sizes.push(items.map(({ key }) => key.chunk));
      asked[question]!.answer({ items: items.map(() => DONE) });
    }
    await Promise.all(sending);
    expect(sizes).toEqual([[1, 2, 3], [4, 5], [6], [7]]);
  });

  it("lets who waits for its turn go at once, and who is being sent when nobody of the question waits", async () => {
    const { asked, send } = newForwarder();
    const stops = [1, 2, 3, 4].map(() => new AbortController());
    const sending = stops.map((stop, at) => send(at, 0, stop.signal).catch(() => `gone ${at}`));
    await Promise.resolve();
    stops[3]!.abort(new Error("gone"));
    expect(await sending[3]).toBe("gone 3");
    stops[0]!.abort(new Error("gone"));
    await settled();
    expect(asked[0]!.options.signal!.aborted).toBe(false);
    stops[1]!.abort(new Error("gone"));
    stops[2]!.abort(new Error("gone"));
    expect(await Promise.all(sending)).toEqual(["gone 0", "gone 1", "gone 2", "gone 3"]);
  });

  it("keeps classes of traffic apart, and tells everybody of a question that failed", async () => {
    const { asked, send, forwarder } = newForwarder();
    const one = send(1).catch(() => "failed");
    const other = forwarder.send(() => itemOf(2), { trafficClass: "resync" }).then(({ kind }) => kind);
    await settled();
    expect(asked.map(({ question }) => question.trafficClass)).toEqual(["foreground", "resync"]);
    asked[0]!.answer({ items: [] });
    asked[1]!.answer({ items: [DONE] });
    expect(await one).toBe("failed");
    expect(await other).toBe("committed");
  });
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
