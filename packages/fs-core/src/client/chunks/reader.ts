/**
 * Reads. Bytes come off the connection into the caller's lease, where the item is large enough to have a message of its
 * own, and are not copied; else they come into a lease of the pool, together with other items', and are copied once.
 */
import { assert, err, isPondError } from "@smallpond/base";
import type { BufferLease, LeasePart } from "@smallpond/fs-native";
import type { NodeId } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import { READ } from "../../storage/protocol/methods.ts";
import type { ReadAnswer, ReadItem, ReadOutcome } from "../../storage/protocol/read.ts";
import { CapabilityList } from "./capability-list.ts";
import type { ChainMap, ChainView, Replica } from "./chain-map.ts";
import { chooseReplica } from "./choose-replica.ts";
import type { ChunkReadOptions } from "./chunk-io.ts";
import type { ChunkClientDeps } from "./deps.ts";
import type { ChunkMeters } from "./meters.ts";
import { viewOf } from "./pieces.ts";
import { type ReadAttempt, subjectOf } from "./read-attempt.ts";
import { type Renewals, renewExpired } from "./renewals.ts";
import type { ChunkClientSettings } from "./settings.ts";
import { isFinal, type Patience, Tries, type TryRule } from "./tries.ts";
import { Window } from "./window.ts";

export interface ReaderDeps extends ChunkClientDeps {
  readonly map: ChainMap;
  readonly renewals: Renewals;
  readonly meters: ChunkMeters;
}

interface Group {
  readonly replica: Replica;
  readonly attempts: ReadAttempt[];
  readonly views: ChainView[];
  bytes: number;
}

type HowToRead = Pick<ChunkReadOptions, "relaxed" | "trafficClass">;

export class Reader {
  readonly window: Window;
  readonly #deps: ReaderDeps;
  readonly #settings: ChunkClientSettings;
  #turn: number;

  constructor(deps: ReaderDeps, settings: ChunkClientSettings) {
    this.#deps = deps;
    this.#settings = settings;
    const { readBytesMax: bytesMax, readBytesPerNodeMax: bytesPerNodeMax, waitingMax } = settings;
    this.window = new Window({ bytesMax, bytesPerNodeMax, waitingMax });
    // Clients that start together begin with different replicas.
    this.#turn = deps.random.int(0x1_0000);
  }

  /** Attempts without a result afterwards were not done in time. */
  run(attempts: readonly ReadAttempt[], how: HowToRead, patience: Patience): Promise<void> {
    const rule: TryRule<ReadAttempt> = {
      plan: (open) =>
        this.#plan(open).map((group) => ({
          attempts: group.attempts,
          ask: (given) => this.#ask(group, how, given),
        })),
      afterPause: (attempt) => attempt.afterPause(),
    };
    return new Tries({ ...this.#deps, rule }, this.#settings).run(attempts, patience);
  }

  #plan(attempts: readonly ReadAttempt[]): readonly Group[] {
    const groups: Group[] = [];
    const open = new Map<NodeId, Group>();
    const planned = new Map<NodeId, number>();
    const { host, batchItemsMax, batchBytesMax, directBytesMin } = this.#settings;
    const loadOf = (node: NodeId): number => this.window.bytesOf(node) + (planned.get(node) ?? 0);
    const itemsMax = this.#deps.probes.buggify("chunks.read one by one") ? 1 : batchItemsMax;
    for (const attempt of attempts) {
      const { data, chunk } = attempt.item;
      const chain = this.#deps.map.chainOf(data.layout, chunk);
      const view = chain === undefined ? undefined : this.#deps.map.viewOf(chain);
      const serving = view?.serving ?? [];
      const replica = chooseReplica(serving, attempt, { host, loadOf, turn: this.#turn++ });
      if (view === undefined || replica === undefined) {
        if (serving.length === 0)
          attempt.reason = `nobody serves ${chain === undefined ? "its chains" : `chain ${chain}`}`;
        attempt.unplaced(serving);
        continue;
      }
      planned.set(replica.node, (planned.get(replica.node) ?? 0) + attempt.bytes);
      const alone = attempt.direct !== undefined && attempt.bytes >= directBytesMin;
      let group = alone ? undefined : open.get(replica.node);
      const isFull =
        group === undefined ||
        group.attempts.length >= itemsMax ||
        group.bytes + attempt.bytes > batchBytesMax;
      if (group === undefined || isFull) {
        group = { replica, attempts: [], views: [], bytes: 0 };
        groups.push(group);
        if (!alone) open.set(replica.node, group);
      }
      group.attempts.push(attempt);
      group.views.push(view);
      group.bytes += attempt.bytes;
    }
    return groups;
  }

  async #ask(group: Group, how: HowToRead, patience: Patience): Promise<void> {
    const { signal } = patience;
    const { replica, attempts, bytes } = group;
    let giveBack: (() => void) | undefined;
    let stage: BufferLease | undefined;
    try {
      giveBack = await this.window.take(replica.node, bytes, { signal });
      if (giveBack === undefined) return refuseAll(attempts);
      const direct = attempts.length === 1 ? attempts[0]!.direct : undefined;
      if (direct === undefined) stage = await this.#deps.pool.take(bytes, { signal });
      await this.#call(group, direct ?? { lease: stage!, length: bytes }, how, patience);
    } catch (error) {
      if (signal.aborted) return;
      if (!isPondError(error)) throw error;
      for (const attempt of attempts) {
        if (isFinal(error)) attempt.result = err(error);
        else if (error.code === "POOL_EXHAUSTED") attempt.later(error.message);
        else attempt.failed(error.message, replica);
      }
    } finally {
      stage?.release();
      giveBack?.();
    }
    await renewExpired(this.#deps.renewals, attempts, patience);
  }

  async #call(group: Group, into: LeasePart, how: HowToRead, patience: Patience): Promise<void> {
    const { callers, clock, meters, chunkBug } = this.#deps;
    const { replica, attempts, views } = group;
    const capabilities = new CapabilityList();
    const items = attempts.map((attempt, at): ReadItem => {
      const { item, bytes } = attempt;
      const { data, chunk, offset, capability } = item;
      const { chain, version } = views[at]!;
      attempt.shown = capability.current;
      return {
        chain,
        chainVersion: version,
        key: { inode: data.inode, dataVersion: data.dataVersion, chunk },
        offset,
        length: bytes,
        capability: capabilities.numberOf(capability),
      };
    });
    const { relaxed = chunkBug === "relaxed-reads", trafficClass = "foreground" } = how;
    meters.readMessages.add();
    meters.readItems.add(items.length);
    let bulkBytes = 0;
    const address = replica.addresses[attempts[0]!.noAnswers % replica.addresses.length]!;
    const answer = await callers.to(address).call(
      READ,
      { trafficClass, relaxed, capabilities: capabilities.list, items },
      {
        signal: patience.signal,
        timeoutMs: Math.max(1, Math.min(this.#settings.questionMs, patience.untilMs - clock.monotonicMs())),
        into,
        onBulk: (count) => {
          bulkBytes = count;
        },
      },
    );
    this.#take(group, answer, viewOf(into).subarray(0, bulkBytes));
  }

  #take({ replica, attempts, views }: Group, answer: ReadAnswer, bulk: Uint8Array): void {
    if (!isSound(answer, attempts, bulk.length)) {
      for (const attempt of attempts) attempt.failed("an answer that does not fit the question", replica);
      return;
    }
    let at = 0;
    for (const [index, outcome] of answer.items.entries()) {
      const attempt = attempts[index]!;
      switch (outcome.kind) {
        case "bytes":
          this.#bytes(attempt, outcome, bulk.subarray(at, at + outcome.length), replica);
          at += outcome.length;
          break;
        case "hole":
          attempt.done(0, 0);
          break;
        case "refused": {
          const asked = views[index]!;
          this.#deps.meters.refused.of("read", outcome.code).add();
          this.#deps.probes.mark(`chunks.read refused: ${outcome.code}`);
          attempt.refused(outcome, replica, { asked, now: this.#deps.map.viewOf(asked.chain) });
          break;
        }
      }
    }
  }

  #bytes(
    attempt: ReadAttempt,
    { crc, length, chunkLength }: ReadOutcome & { kind: "bytes" },
    received: Uint8Array,
    replica: Replica,
  ): void {
    const { meters, crc32c, log, probes } = this.#deps;
    meters.readBytes.add(length);
    if (this.#settings.verify && crc32c.of(received) !== crc) {
      meters.mismatches.add();
      probes.mark("chunks.read checksum mismatch");
      log.warn("bytes read do not match their checksum", {
        chunk: subjectOf(attempt.item),
        target: replica.target,
        node: replica.node,
      });
      attempt.isGarbled = true;
      attempt.failed(`target ${replica.target} sent bytes that do not match their checksum`, replica);
      return;
    }
    const into = viewOf(attempt.item.into);
    if (into.buffer !== received.buffer || into.byteOffset !== received.byteOffset) {
      meters.copiedBytes.add(length);
      into.set(received);
    }
    attempt.done(length, chunkLength);
  }
}

function isSound({ items }: ReadAnswer, attempts: readonly ReadAttempt[], bulkBytes: number): boolean {
  if (items.length !== attempts.length) return false;
  let bytes = 0;
  for (const [at, outcome] of items.entries()) {
    if (outcome.kind !== "bytes") continue;
    if (outcome.length > attempts[at]!.bytes) return false;
    bytes += outcome.length;
  }
  return bytes === bulkBytes;
}

function refuseAll(attempts: readonly ReadAttempt[]): void {
  for (const attempt of attempts) {
    assert(attempt.result === undefined, "an attempt ends once");
    attempt.result = err(
      fsError("EAGAIN", "read", subjectOf(attempt.item), {
        reason: "too many reads wait already",
        hint: "read less at once",
      }),
    );
  }
}
