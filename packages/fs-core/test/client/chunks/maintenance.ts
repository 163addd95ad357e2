/** What metadata services ask of storage, answered by {@link FakeStorage}'s memory. */
import type { ChainId, NodeId } from "../../../src/ids.ts";
import type { Layout } from "../../../src/meta/model/inode.ts";
import { chainsOf } from "../../../src/mgmtd/model/chains-of.ts";
import type { ChainAt } from "../../../src/storage/protocol/common.ts";
import type {
  LastChunkQuestion,
  RemoveQuestion,
  RevokeQuestion,
  TruncateQuestion,
} from "../../../src/storage/protocol/maintain.ts";
import { LAST_CHUNK, REMOVE, REVOKE, TRUNCATE } from "../../../src/storage/protocol/methods.ts";
import type { RefusalCode } from "../../../src/storage/protocol/refusal.ts";
import type { FakeStorage } from "../../../src/testing/fake-storage.ts";

export interface Maintenance {
  /** Why a chain does not do what it is asked. */
  refuse: (chain: ChainId, method: string) => RefusalCode | undefined;
  /** By chain: sessions that it noted. */
  readonly noted: Map<ChainId, Set<string>>;
}

/** All files of the test have this layout. */
export function offerMaintenance(storage: FakeStorage, layout: Layout): Maintenance {
  const maintenance: Maintenance = { refuse: () => undefined, noted: new Map() };
  const stripe = chainsOf(layout, storage.routing.tables.get("1.1")!);
  const on = (chain: ChainId): number[] =>
    [...storage.chunks.keys()]
      .map((name) => Number(name.split("/")[2]))
      .filter((chunk) => stripe[chunk % stripe.length] === chain)
      .sort((a, b) => b - a);
  const refusal = (node: NodeId, at: ChainAt, method: string, who: "head" | "tail") => {
    const serving = storage.chain(at.chain).targets.filter(({ state }) => state === "serving");
    const replica = who === "head" ? serving[0] : serving.at(-1);
    const isHere = storage.routing.targets.get(replica?.target as never)?.node === node;
    const isNow = at.chainVersion === storage.chain(at.chain).version;
    const code = isHere && isNow ? maintenance.refuse(at.chain, method) : "CHAIN_CHANGED";
    return code && ({ kind: "refused", code, message: "the test says so", chainVersion: undefined } as const);
  };
  const nameOf = (chunk: number): string =>
    [...storage.chunks.keys()].find((name) => name.endsWith(`/${chunk}`))!;
  const cutTo = (chunk: number, length: number): void => {
    const { bytes, version } = storage.chunks.get(nameOf(chunk))!;
    if (bytes.length > length)
      storage.chunks.set(nameOf(chunk), { bytes: bytes.slice(0, length), version: version + 1 });
  };
  storage.others.set(LAST_CHUNK.name, (node, question) => ({
    items: (question as LastChunkQuestion).items.map((item) => {
      const refused = refusal(node, item, LAST_CHUNK.name, "tail");
      if (refused) return refused;
      const last = on(item.chain).find((chunk) => storage.chunks.get(nameOf(chunk))!.bytes.length > 0);
      if (last === undefined) return { kind: "none" };
      return { kind: "last", chunk: last, length: storage.chunks.get(nameOf(last))!.bytes.length };
    }),
  }));
  storage.others.set(TRUNCATE.name, (node, asked) => {
    const question = asked as TruncateQuestion;
    const refused = refusal(node, question, TRUNCATE.name, "head");
    if (refused) return refused;
    for (const chunk of on(question.chain)) {
      if (chunk >= question.from) cutTo(chunk, 0);
      else if (chunk === question.cut?.chunk) cutTo(chunk, question.cut.length);
    }
    return { kind: "done" };
  });
  storage.others.set(REMOVE.name, (node, asked) => {
    const question = asked as RemoveQuestion;
    const refused = refusal(node, question, REMOVE.name, "head");
    if (refused) return refused;
    const there = on(question.chain);
    const removed = there.slice(0, question.chunksMax);
    for (const chunk of removed) storage.chunks.delete(nameOf(chunk));
    return { kind: "removed", chunks: removed.length, more: there.length > removed.length };
  });
  storage.others.set(REVOKE.name, (node, asked) => {
    const question = asked as RevokeQuestion;
    return {
      chains: question.chains.map((at) => {
        const refused = refusal(node, at, REVOKE.name, "head");
        if (refused) return refused;
        const noted = maintenance.noted.get(at.chain) ?? new Set();
        for (const session of question.sessions) noted.add(session);
        maintenance.noted.set(at.chain, noted);
        return { kind: "done" };
      }),
    };
  });
  return maintenance;
}
