import { fc, test } from "@fast-check/vitest";
import { toHex } from "@smallpond/base";
import { describe, expect, it } from "vitest";
import type { ChainId, ClientId, NodeId, TargetId } from "../../src/ids.ts";
import { configCodec } from "../../src/mgmtd/model/config.ts";
import { configRow } from "../../src/mgmtd/rows/config-row.ts";
import * as keys from "../../src/mgmtd/rows/keys.ts";
import { leaseRow } from "../../src/mgmtd/rows/lease-row.ts";
import { chainRow, nodeRow, routingVersionRow, targetRow } from "../../src/mgmtd/rows/routing-rows.ts";
import { type OperatorAction, operatorActionCodec } from "../../src/mgmtd/service/actions.ts";
import * as messages from "../../src/mgmtd/service/messages.ts";
import * as methods from "../../src/mgmtd/service/methods.ts";
import { type Codec, decode, encode } from "../../src/wire/codec/index.ts";
import { SERVICE } from "../../src/wire/rpc/method.ts";

const LIFE = "000102030405060708090a0b0c0d0e0f";
const CONFIG = { kind: "meta", version: 3, text: "a", note: "b", author: "c", atMs: 1.5 } as const;
const ADDRESS = { kind: "unix", path: "/m" } as const;

function holds<T>(codec: Codec<T>, value: T, hex: string): void {
  expect(toHex(encode(codec, value))).toBe(hex);
  expect(decode(codec, encode(codec, value))).toEqual(value);
}

describe("rows of the cluster manager", () => {
  it("keep their bytes", () => {
    const lease = {
      term: 2n,
      node: 9 as NodeId,
      incarnation: LIFE,
      addresses: [ADDRESS],
      renewals: 5n,
      leaseMs: 6000,
      nodeLeaseMs: 10_000,
      released: false,
    };
    holds(
      leaseRow,
      lease,
      "01020000000000000009000000000102030405060708090a0b0c0d0e0f0102022f6d0500000000000000701700001027000000",
    );
    holds(routingVersionRow, 7n, "010700000000000000");
    holds(configRow, CONFIG, "010103000000016101620163000000000000f83f");
    const target = { id: 4 as TargetId, node: 9 as NodeId, disk: 1, hold: "forced" } as const;
    holds(targetRow, { changed: 7n, value: target }, "0107000000000000000400000009000000010002");
    expect(() => decode(chainRow, Uint8Array.of(2))).toThrow(/version 2/);
    expect(() => decode(nodeRow, Uint8Array.of(0))).toThrow(/version 0/);
  });

  it("stand where they did, and the newest configuration first", () => {
    expect(toHex(keys.chainKey(258 as ChainId))).toBe("4348494600000102");
    expect(toHex(keys.leaseKey())).toBe("4d474c53");
    expect(toHex(keys.configKey(1, 3))).toBe("434f4e4601fffffffc");
  });
});

describe("messages of the cluster manager", () => {
  const beat: messages.HeartbeatQuestion = {
    term: 1n,
    node: 7 as NodeId,
    kind: "storage",
    incarnation: LIFE,
    version: 2n,
    addresses: [ADDRESS],
    host: "h",
    configVersion: 3,
    configError: "no",
    targets: [
      {
        target: 4 as TargetId,
        disk: 1,
        local: "incomplete",
        chainVersion: 6,
        usedBytes: 5n,
        capacityBytes: 9n,
      },
    ],
  };

  it("keep their bytes", () => {
    holds(
      messages.heartbeatQuestionCodec,
      beat,
      "01000000000000000700000002000102030405060708090a0b0c0d0e0f02000000000000000102022f6d01680300000001026e6f01040000000100020600000005000000000000000900000000000000",
    );
    const answer = {
      leaseMs: 10_000,
      heartbeatMs: 2000,
      routingVersion: 8n,
      release: [4 as TargetId],
      config: CONFIG,
    };
    holds(
      messages.heartbeatAnswerCodec,
      answer,
      "10270000d007000008000000000000000104000000010103000000016101620163000000000000f83f",
    );
    holds(messages.watchQuestionCodec, { since: 3n, waitMs: 5000 }, "030000000000000088130000");
    holds(
      messages.primaryAnswerCodec,
      { primary: { node: 9 as NodeId, term: 2n, addresses: [ADDRESS] } },
      "010900000002000000000000000102022f6d",
    );
    holds(messages.clientsAnswerCodec, { states: ["alive", "gone", "unknown"] }, "03000102");
    const session = { client: LIFE as ClientId, about: "x", configVersion: 0 };
    holds(messages.sessionQuestionCodec, session, "000102030405060708090a0b0c0d0e0f017800000000");
  });

  it("keep the bytes of each action", () => {
    const actions: readonly (readonly [OperatorAction, string])[] = [
      [
        {
          kind: "registerNode",
          node: 1 as NodeId,
          nodeKind: "meta",
          host: "h",
          tags: [{ name: "a", value: "b" }],
        },
        "01010000000101680101610162",
      ],
      [{ kind: "enableNode", node: 1 as NodeId, enabled: false }, "020100000000"],
      [{ kind: "drainNode", node: 1 as NodeId, draining: true }, "030100000001"],
      [
        { kind: "createTargets", targets: [{ id: 4 as TargetId, node: 1 as NodeId, disk: 2 }] },
        "040104000000010000000200",
      ],
      [
        { kind: "createChains", chains: [{ id: 5 as ChainId, targets: [4 as TargetId] }] },
        "0501050000000104000000",
      ],
      [{ kind: "putTable", table: 1 as never, chains: [5 as ChainId] }, "06010000000105000000"],
      [{ kind: "addTarget", chain: 5 as ChainId, target: 4 as TargetId }, "070500000004000000"],
      [{ kind: "removeTarget", chain: 5 as ChainId, target: 4 as TargetId }, "080500000004000000"],
      [{ kind: "holdTarget", target: 4 as TargetId, hold: "forced" }, "090400000002"],
      [{ kind: "rotateLastServer", chain: 5 as ChainId, target: 4 as TargetId }, "0a0500000004000000"],
      [{ kind: "setPreferredOrder", chain: 5 as ChainId, order: [4 as TargetId] }, "0b050000000104000000"],
      [{ kind: "rotateToPreferred", chain: 5 as ChainId }, "0c05000000"],
    ];
    for (const [action, hex] of actions) holds(operatorActionCodec, action, hex);
  });

  test.prop([fc.uint8Array({ maxLength: 200 })])("are refused or read, whatever the bytes", (bytes) => {
    const codecs: readonly Codec<unknown>[] = [
      messages.heartbeatQuestionCodec,
      messages.heartbeatAnswerCodec,
      messages.watchAnswerCodec,
      messages.statusAnswerCodec,
      operatorActionCodec,
      configCodec,
      leaseRow,
    ] as readonly Codec<unknown>[];
    for (const codec of codecs) {
      try {
        const value = decode(codec, bytes);
        expect(encode(codec, value)).toEqual(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: "BAD_MESSAGE" });
      }
    }
  });
});

describe("methods of the cluster manager", () => {
  const all = Object.values(methods);

  it("have numbers of its own, each once, and names", () => {
    expect(all.length).toBe(13);
    for (const { id } of all) expect(id >> 8).toBe(SERVICE.mgmtd);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const { name } of all) expect(name).toMatch(/^mgmtd\.[a-zA-Z]+$/);
  });

  it("are for members where nodes speak, and open only where nothing is told", () => {
    const access = new Map(all.map((each) => [each.name, each.access]));
    expect(access.get("mgmtd.heartbeat")).toBe("member");
    expect(access.get("mgmtd.reportDead")).toBe("member");
    expect(access.get("mgmtd.clientStates")).toBe("member");
    expect(all.filter(({ access: each }) => each === "anyone").map(({ name }) => name)).toEqual([
      "mgmtd.primary",
    ]);
  });
});
