/** Versions of commits: each is above all that were told before it was asked for, and stands where it was stamped. */
import { PondError } from "@smallpond/base";
import type { TransactionStep } from "../../checkers/ordered-transactions.ts";

interface Commit {
  /** Moments count up through the whole run. */
  readonly asked: number;
  readonly answered: number;
  readonly version: bigint;
}

export class Commits {
  readonly #commits: Commit[] = [];
  readonly #stamps: Map<string, bigint> = new Map();
  #moment = 0;

  /** Notes that somebody asks for a commit now. */
  ask(): number {
    return this.#moment++;
  }

  answered(told: {
    readonly asked: number;
    readonly version: bigint;
    readonly steps: readonly TransactionStep[];
  }): void {
    // A transaction that writes nothing has no version.
    if (told.version === 0n) return;
    this.#commits.push({ asked: told.asked, version: told.version, answered: this.#moment++ });
    for (const step of told.steps)
      if (step.kind === "set" && step.stamped === true) this.#note(step.value, told.version, true);
  }

  /** A reader found the version before a value. */
  seen(tag: string, version: bigint): void {
    this.#note(tag, version, false);
  }

  /** Throws `VERSION_ORDER` if two commits that did not overlap have versions in the wrong order. */
  check(): void {
    let latest: Commit | undefined;
    const byAnswer = this.#commits.toSorted((a, b) => a.answered - b.answered);
    let next = 0;
    for (const commit of this.#commits.toSorted((a, b) => a.asked - b.asked)) {
      for (; next < byAnswer.length && byAnswer[next]!.answered < commit.asked; next++) {
        const earlier = byAnswer[next]!;
        if (latest === undefined || earlier.version > latest.version) latest = earlier;
      }
      if (latest !== undefined && latest.version >= commit.version) {
        throw versionError(`version ${commit.version} was given after ${latest.version} had been told`);
      }
    }
  }

  #note(tag: string, version: bigint, own: boolean): void {
    const known = this.#stamps.get(tag);
    // Another stamp of the same transaction overwrote nothing of this one: a tag has one version for ever.
    if (known !== undefined && known !== version) {
      throw versionError(
        `${tag} has versions ${known} and ${version}${own ? ", the last as told by its commit" : ""}`,
      );
    }
    this.#stamps.set(tag, version);
  }
}

function versionError(message: string): PondError<"VERSION_ORDER"> {
  return new PondError("VERSION_ORDER", { kind: "internal", message });
}
