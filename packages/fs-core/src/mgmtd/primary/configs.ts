/** Configurations as the primary knows them, and how a new one is set. */
import { Turns } from "@smallpond/base";
import { CONFIG_LIMITS, type Config, type ConfigKind } from "../model/config.ts";
import { mgmtdError } from "../model/errors.ts";
import type { SetConfigQuestion } from "../service/messages.ts";
import type { MgmtdStore } from "./store.ts";

export class Configs {
  readonly #store: MgmtdStore;
  readonly #term: bigint;
  readonly #newest: Map<ConfigKind, Config>;
  readonly #turns: Turns = new Turns();

  constructor(
    deps: { readonly store: MgmtdStore },
    about: { readonly term: bigint; readonly newest: ReadonlyMap<ConfigKind, Config> },
  ) {
    this.#store = deps.store;
    this.#term = about.term;
    this.#newest = new Map(about.newest);
  }

  newest(kind: ConfigKind): Config | undefined {
    return this.#newest.get(kind);
  }

  newerThan(kind: ConfigKind, version: number): Config | undefined {
    const newest = this.#newest.get(kind);
    return newest !== undefined && newest.version > version ? newest : undefined;
  }

  async get(kind: ConfigKind, version: number | undefined): Promise<Config | undefined> {
    if (version === undefined) return this.newest(kind);
    return version === 0 ? undefined : await this.#store.config(kind, version);
  }

  history(kind: ConfigKind, limit: number): Promise<readonly Config[]> {
    return this.#store.configHistory(kind, Math.max(1, Math.min(limit, CONFIG_LIMITS.historyMax)));
  }

  /** The version it got. `CONFIG_CONFLICT` unless it was made from the newest one. */
  set(
    { kind, text, note, basedOn }: SetConfigQuestion,
    by: { readonly author: string; readonly atMs: number },
  ): Promise<number> {
    return this.#turns.take(async () => {
      const newest = this.#newest.get(kind)?.version ?? 0;
      if (basedOn !== newest) {
        throw mgmtdError(
          "CONFIG_CONFLICT",
          `the ${kind} configuration is at version ${newest}, not ${basedOn}`,
          {
            hint: "read it again, and make your change to that",
            details: { newest },
          },
        );
      }
      const config: Config = { kind, version: newest + 1, text, note, ...by };
      await this.#store.putConfig(this.#term, config);
      this.#newest.set(kind, config);
      return config.version;
    });
  }
}
