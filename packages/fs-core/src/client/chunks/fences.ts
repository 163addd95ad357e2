/** Makes sure that writes which were given up do not happen any more: see `write-session.ts` for why, and how. */

import type { PondError } from "@smallpond/base";
import { newRandomId, type RequestId } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import { abortable } from "./abortable.ts";
import type { ChunkOptions } from "./chunk-io.ts";
import type { ChunkClientDeps } from "./deps.ts";
import type { ChunkMeters } from "./meters.ts";
import type { Patience } from "./tries.ts";
import { WriteAttempt } from "./write-attempt.ts";
import type { ChannelSession, GivenUp } from "./write-session.ts";
import type { Writer } from "./writer.ts";

export interface FencesDeps extends Pick<ChunkClientDeps, "random" | "probes"> {
  readonly writer: Writer;
  readonly meters: ChunkMeters;
}

export class Fences {
  readonly #deps: FencesDeps;

  constructor(deps: FencesDeps) {
    this.#deps = deps;
  }

  /** Why some of them are not settled, if they are not. Never rejects because of the patience's end. */
  async settle(
    session: ChannelSession,
    givenUp: readonly GivenUp[],
    patience: Patience,
    how: Pick<ChunkOptions, "trafficClass"> = {},
  ): Promise<PondError | undefined> {
    const { signal } = patience;
    let error: PondError | undefined;
    for (;;) {
      const open = givenUp.filter((each) => session.isGivenUp(each));
      if (open.length === 0) return undefined;
      if (signal.aborted || error !== undefined) return error ?? late(session, open);
      const mine = open.filter(({ fencing }) => fencing === undefined);
      if (mine.length > 0) {
        const attempts = mine.map((each) => this.#attempt(session, each));
        const fencing = this.#run(session, mine, attempts, how, patience);
        for (const each of mine) each.fencing = fencing;
        await fencing;
        error = attempts.map(({ result }) => (result?.ok === false ? result.error : undefined)).find(Boolean);
      } else {
        // Somebody else is at it, who may be less patient.
        await abortable(open[0]!.fencing!, signal).catch(() => {});
      }
    }
  }

  #attempt(session: ChannelSession, { place, channel }: GivenUp): WriteAttempt {
    const attempt = new WriteAttempt({ ...place, offset: 0 }, session, []);
    attempt.begin(channel, newRandomId<RequestId>(this.#deps.random));
    return attempt;
  }

  async #run(
    session: ChannelSession,
    givenUp: readonly GivenUp[],
    attempts: readonly WriteAttempt[],
    how: Pick<ChunkOptions, "trafficClass">,
    patience: Patience,
  ): Promise<void> {
    const { writer, meters, probes } = this.#deps;
    probes.mark("chunks.write fenced");
    meters.fences.add(attempts.length);
    const onEnd = (attempt: WriteAttempt): void => {
      const each = givenUp[attempts.indexOf(attempt)]!;
      each.fencing = undefined;
      if (attempt.result?.ok === true) session.settled(each);
      // Nothing of the session happens any more.
      if (attempt.isRevoked) for (const any of session.allGivenUp()) session.settled(any);
    };
    await writer.run(attempts, { ...how, onEnd }, patience);
  }
}

function late(session: ChannelSession, open: readonly GivenUp[]): PondError {
  const chains = [...new Set(open.map(({ chain }) => chain))].join(", ");
  return fsError("ETIMEDOUT", "write", `session ${session.id}`, {
    reason: `writes to chain ${chains} that were given up may still happen, and it was not settled in time`,
    hint: "wait until the chain serves, and try again",
  });
}
