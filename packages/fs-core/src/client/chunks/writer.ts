/** Writes: to the head of each chunk's chain, several in a message. Bytes leave from where they are. */
import { err, isPondError, type PondError } from "@smallpond/base";
import { newRandomId, type RequestId } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { TrafficClass } from "../../storage/protocol/common.ts";
import { WRITE } from "../../storage/protocol/methods.ts";
import type { WriteAnswer, WriteItem } from "../../storage/protocol/write.ts";
import { CapabilityList } from "./capability-list.ts";
import type { ChainMap } from "./chain-map.ts";
import type { ChunkOptions } from "./chunk-io.ts";
import type { ChunkClientDeps } from "./deps.ts";
import { type Group, groupedByNode } from "./groups.ts";
import { Lanes } from "./lane.ts";
import type { ChunkMeters } from "./meters.ts";
import { viewOf } from "./pieces.ts";
import { subjectOf } from "./read-attempt.ts";
import { type Renewals, renewExpired } from "./renewals.ts";
import type { ChunkClientSettings } from "./settings.ts";
import { isFinal, type Patience, Tries, type TryRule } from "./tries.ts";
import { Window } from "./window.ts";
import type { WriteAttempt } from "./write-attempt.ts";

export interface WriterDeps extends ChunkClientDeps {
  readonly map: ChainMap;
  readonly renewals: Renewals;
  readonly meters: ChunkMeters;
}

type HowToWrite = Pick<ChunkOptions, "trafficClass">;

export class Writer {
  readonly window: Window;
  readonly #deps: WriterDeps;
  readonly #settings: ChunkClientSettings;
  readonly #lanes: Lanes<WriteAttempt>;

  constructor(deps: WriterDeps, settings: ChunkClientSettings) {
    this.#deps = deps;
    this.#settings = settings;
    const { writeBytesMax: bytesMax, writeBytesPerNodeMax: bytesPerNodeMax, waitingMax } = settings;
    this.window = new Window({ bytesMax, bytesPerNodeMax, waitingMax });
    this.#lanes = new Lanes(settings);
  }

  /** Of attempts that have begun. `onEnd` is told of each one, as soon as it is over; then its channel may be another's. */
  async run(
    attempts: readonly WriteAttempt[],
    how: HowToWrite & { readonly onEnd: (attempt: WriteAttempt) => void },
    patience: Patience,
  ): Promise<void> {
    const ended = new Set<WriteAttempt>();
    const end = (attempt: WriteAttempt): void => {
      if (ended.has(attempt)) return;
      ended.add(attempt);
      how.onEnd(attempt);
    };
    const rule: TryRule<WriteAttempt> = {
      plan: (open) =>
        this.#plan(open).map((group) => ({
          attempts: group.attempts,
          ask: async (given) => {
            await this.#ask(group, how, given);
            for (const attempt of group.attempts) if (attempt.result !== undefined) end(attempt);
          },
        })),
    };
    try {
      await new Tries({ ...this.#deps, rule }, this.#settings).run(attempts, patience);
    } finally {
      for (const attempt of attempts) end(attempt);
    }
  }

  #plan(attempts: readonly WriteAttempt[]): readonly Group<WriteAttempt>[] {
    const placed = attempts.filter((attempt) => {
      const { data, chunk } = attempt.item;
      const chain = this.#deps.map.chainOf(data.layout, chunk);
      const view = chain === undefined ? undefined : this.#deps.map.viewOf(chain);
      const replica = view?.serving[0];
      if (view !== undefined && replica !== undefined) {
        attempt.place = { replica, view };
        return true;
      }
      attempt.reason = `nobody serves ${chain === undefined ? "its chains" : `chain ${chain}`}`;
      attempt.isLater = true;
      return false;
    });
    return groupedByNode(placed, this.#settings);
  }

  async #ask(
    { attempts, node }: Group<WriteAttempt>,
    { trafficClass = "foreground" }: HowToWrite,
    patience: Patience,
  ): Promise<void> {
    const send = (items: readonly WriteAttempt[], given: Patience): Promise<void> =>
      this.#send(items, trafficClass, given);
    if (this.#deps.probes.buggify("chunks.write alone")) await send(attempts, patience);
    else if (!(await this.#lanes.ask({ node, kind: trafficClass }, attempts, send, patience))) {
      refuseAll(attempts);
    }
    await renewExpired(this.#deps.renewals, attempts, patience);
  }

  async #send(
    attempts: readonly WriteAttempt[],
    trafficClass: TrafficClass,
    patience: Patience,
  ): Promise<void> {
    const { signal } = patience;
    const { node } = attempts[0]!.place!.replica;
    const bytes = attempts.reduce((sum, attempt) => sum + attempt.bytes, 0);
    let giveBack: (() => void) | undefined;
    try {
      giveBack = await this.window.take(node, bytes, { signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (giveBack === undefined) return refuseAll(attempts);
    try {
      await this.#call(attempts, trafficClass, patience);
    } finally {
      giveBack();
    }
  }

  async #call(
    attempts: readonly WriteAttempt[],
    trafficClass: TrafficClass,
    patience: Patience,
  ): Promise<void> {
    const { callers, clock, meters } = this.#deps;
    const capabilities = new CapabilityList();
    const items = attempts.map((attempt) => this.#itemOf(attempt, capabilities));
    const before = attempts.map(({ mayHappen }) => mayHappen);
    for (const attempt of attempts) attempt.mayHappen = true;
    meters.writeMessages.add();
    meters.writeItems.add(items.length);
    for (const { bytes } of attempts) meters.writeBytes.add(bytes);
    const { addresses } = attempts[0]!.place!.replica;
    const address = addresses[attempts[0]!.noAnswers % addresses.length]!;
    let answer: WriteAnswer;
    try {
      answer = await callers.to(address, trafficClass).call(
        WRITE,
        { trafficClass, capabilities: capabilities.list, items },
        {
          signal: patience.signal,
          timeoutMs: Math.max(1, Math.min(this.#settings.questionMs, patience.untilMs - clock.monotonicMs())),
          send: attempts.flatMap(({ pieces }) => pieces),
        },
      );
    } catch (error) {
      if (!isPondError(error)) {
        if (patience.signal.aborted) return;
        throw error;
      }
      for (const [at, attempt] of attempts.entries()) {
        // Of kind `retry` it was not begun: what was known before is still so.
        if (error.kind === "retry" || isFinal(error)) attempt.mayHappen = before[at]!;
        if (isFinal(error)) attempt.result = err(error);
        else attempt.failed(error.message);
      }
      return;
    }
    this.#take(attempts, answer, before);
  }

  #itemOf(attempt: WriteAttempt, capabilities: CapabilityList): WriteItem {
    const { chain, version } = attempt.place!.view;
    const { crc32c, chunkBug, random } = this.#deps;
    const { data, chunk, offset, capability } = attempt.item;
    if (attempt.crc === undefined) {
      let crc = 0;
      for (const piece of attempt.pieces) crc = crc32c.of(viewOf(piece), crc);
      attempt.crc = crc;
    }
    if (chunkBug === "new-identity-on-retry" && attempt.chain !== undefined) {
      attempt.begin(attempt.channel!, newRandomId<RequestId>(random));
    }
    attempt.chain = chain;
    attempt.shown = capability.current;
    return {
      chain,
      chainVersion: version,
      ...attempt.identity!,
      key: { inode: data.inode, dataVersion: data.dataVersion, chunk },
      offset,
      length: attempt.bytes,
      crc: attempt.crc,
      capability: capabilities.numberOf(capability),
    };
  }

  #take(attempts: readonly WriteAttempt[], answer: WriteAnswer, before: readonly boolean[]): void {
    const { probes, meters, map } = this.#deps;
    if (answer.items.length !== attempts.length) {
      for (const attempt of attempts) attempt.failed("an answer that does not fit the question");
      return;
    }
    for (const [at, outcome] of answer.items.entries()) {
      const attempt = attempts[at]!;
      if (outcome.kind === "done") {
        // It is asked for again, and has to be told what it was told before.
        if (probes.buggify("chunks.write answer lost", 0.1)) attempt.failed("its answer was lost");
        else attempt.done(outcome.length);
        continue;
      }
      attempt.mayHappen = before[at]!;
      meters.refused.of("write", outcome.code).add();
      probes.mark(`chunks.write refused: ${outcome.code}`);
      attempt.refused(outcome, map.viewOf(attempt.place!.view.chain));
    }
  }
}

function refuseAll(attempts: readonly WriteAttempt[]): void {
  for (const attempt of attempts) {
    const error: PondError = fsError("EAGAIN", "write", subjectOf(attempt.item), {
      reason: "too many writes wait already",
      hint: "write less at once",
    });
    attempt.result = err(error);
  }
}
