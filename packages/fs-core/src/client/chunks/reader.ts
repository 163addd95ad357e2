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
import type { ChainMap } from "./chain-map.ts";
import { chooseReplica } from "./choose-replica.ts";
import type { ChunkReadOptions } from "./chunk-io.ts";
import type { ChunkClientDeps } from "./deps.ts";
import { type Group, groupedByNode } from "./groups.ts";
import { Lanes } from "./lane.ts";
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

type HowToRead = Pick<ChunkReadOptions, "relaxed" | "trafficClass">;

export class Reader {
  readonly window: Window;
  readonly #deps: ReaderDeps;
  readonly #settings: ChunkClientSettings;
  readonly #lanes: Lanes<ReadAttempt>;
  #turn: number;

  constructor(deps: ReaderDeps, settings: ChunkClientSettings) {
    this.#deps = deps;
    this.#settings = settings;
    const { readBytesMax: bytesMax, readBytesPerNodeMax: bytesPerNodeMax, waitingMax } = settings;
    this.window = new Window({ bytesMax, bytesPerNodeMax, waitingMax });
    this.#lanes = new Lanes(settings);
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

  #plan(attempts: readonly ReadAttempt[]): readonly Group<ReadAttempt>[] {
    const { host, directBytesMin } = this.#settings;
    const planned = new Map<NodeId, number>();
    const loadOf = (node: NodeId): number => this.window.bytesOf(node) + (planned.get(node) ?? 0);
    const placed: ReadAttempt[] = [];
    for (const attempt of attempts) {
      const { data, chunk } = attempt.item;
      const chain = this.#deps.map.chainOf(data.layout, chunk);
      const view = chain === undefined ? undefined : this.#deps.map.viewOf(chain);
      const serving = view?.serving ?? [];
      const replica = chooseReplica(serving, attempt, { host, loadOf, turn: this.#turn++ });
      if (view !== undefined && replica !== undefined) {
        attempt.place = { replica, view };
        planned.set(replica.node, (planned.get(replica.node) ?? 0) + attempt.bytes);
        placed.push(attempt);
        continue;
      }
      if (serving.length === 0)
        attempt.reason = `nobody serves ${chain === undefined ? "its chains" : `chain ${chain}`}`;
      attempt.unplaced(serving);
    }
    return groupedByNode(placed, this.#settings, (attempt) => isDirect(attempt, directBytesMin));
  }

  /** What lands where it belongs has a message of its own; the rest gathers with what others ask of the node. */
  async #ask(group: Group<ReadAttempt>, how: HowToRead, patience: Patience): Promise<void> {
    const { attempts, node } = group;
    const { relaxed = this.#deps.chunkBug === "relaxed-reads", trafficClass = "foreground" } = how;
    const send = (items: readonly ReadAttempt[], given: Patience): Promise<void> =>
      this.#send(items, { relaxed, trafficClass }, given);
    const kind = `${trafficClass} ${relaxed}`;
    const alone = isDirect(attempts[0]!, this.#settings.directBytesMin);
    if (alone || this.#deps.probes.buggify("chunks.read alone")) await send(attempts, patience);
    else if (!(await this.#lanes.ask({ node, kind }, attempts, send, patience))) refuseAll(attempts);
    await renewExpired(this.#deps.renewals, attempts, patience);
  }

  async #send(attempts: readonly ReadAttempt[], how: Required<HowToRead>, patience: Patience): Promise<void> {
    const { signal } = patience;
    const { node } = attempts[0]!.place!.replica;
    const bytes = attempts.reduce((sum, attempt) => sum + attempt.bytes, 0);
    let giveBack: (() => void) | undefined;
    let stage: BufferLease | undefined;
    try {
      giveBack = await this.window.take(node, bytes, { signal });
      if (giveBack === undefined) return refuseAll(attempts);
      const direct = attempts.length === 1 ? attempts[0]!.direct : undefined;
      if (direct === undefined) stage = await this.#deps.pool.take(bytes, { signal });
      await this.#call(attempts, direct ?? { lease: stage!, length: bytes }, how, patience);
    } catch (error) {
      if (signal.aborted) return;
      if (!isPondError(error)) throw error;
      for (const attempt of attempts) {
        if (isFinal(error)) attempt.result = err(error);
        else if (error.code === "POOL_EXHAUSTED") attempt.later(error.message);
        else attempt.failed(error.message);
      }
    } finally {
      stage?.release();
      giveBack?.();
    }
  }

  async #call(
    attempts: readonly ReadAttempt[],
    into: LeasePart,
    { relaxed, trafficClass }: Required<HowToRead>,
    patience: Patience,
  ): Promise<void> {
    const { callers, clock, meters } = this.#deps;
    const capabilities = new CapabilityList();
    const items = attempts.map((attempt): ReadItem => {
      const { item, bytes } = attempt;
      const { data, chunk, offset, capability } = item;
      const { chain, version } = attempt.place!.view;
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
    meters.readMessages.add();
    meters.readItems.add(items.length);
    let bulkBytes = 0;
    const { addresses } = attempts[0]!.place!.replica;
    const address = addresses[attempts[0]!.noAnswers % addresses.length]!;
    const answer = await callers.to(address, trafficClass).call(
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
    this.#take(attempts, answer, viewOf(into).subarray(0, bulkBytes));
  }

  #take(attempts: readonly ReadAttempt[], answer: ReadAnswer, bulk: Uint8Array): void {
    if (!isSound(answer, attempts, bulk.length)) {
      for (const attempt of attempts) attempt.failed("an answer that does not fit the question");
      return;
    }
    let at = 0;
    for (const [index, outcome] of answer.items.entries()) {
      const attempt = attempts[index]!;
      switch (outcome.kind) {
        case "bytes":
          this.#bytes(attempt, outcome, bulk.subarray(at, at + outcome.length));
          at += outcome.length;
          break;
        case "hole":
          attempt.done(0, 0);
          break;
        case "refused": {
          this.#deps.meters.refused.of("read", outcome.code).add();
          this.#deps.probes.mark(`chunks.read refused: ${outcome.code}`);
          attempt.refused(outcome, this.#deps.map.viewOf(attempt.place!.view.chain));
          break;
        }
      }
    }
  }

  #bytes(
    attempt: ReadAttempt,
    { crc, length, chunkLength }: ReadOutcome & { kind: "bytes" },
    received: Uint8Array,
  ): void {
    const { replica } = attempt.place!;
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
      attempt.failed(`target ${replica.target} sent bytes that do not match their checksum`);
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

function isDirect(attempt: ReadAttempt, bytesMin: number): boolean {
  return attempt.bytes >= bytesMin && attempt.direct !== undefined;
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
