/** Chooses where a new file's bytes will lie: what its directory says, else what is set, as far as the table goes. */
import type { Random } from "@smallpond/base";
import { fsError } from "../model/errors.ts";
import type { Layout, LayoutChoice } from "../model/inode.ts";
import type { ChainTables, LayoutSource } from "../namespace-deps.ts";
import type { NamespaceSettings } from "../settings.ts";

export class LayoutChooser implements LayoutSource {
  readonly #tables: ChainTables;
  readonly #random: Random;
  readonly #settings: NamespaceSettings;

  constructor(deps: { readonly tables: ChainTables; readonly random: Random }, settings: NamespaceSettings) {
    this.#tables = deps.tables;
    this.#random = deps.random;
    this.#settings = settings;
  }

  layoutFor(choice: LayoutChoice, operation: string): Layout {
    const { table: usual, chunkBytes, stripe } = this.#settings;
    const table = choice.table ?? usual;
    const latest = this.#tables.latest(table);
    if (latest === undefined || latest.chains === 0) {
      throw fsError("ENODEV", operation, `chain table ${table}`, {
        reason: "there is no such table of chains",
        hint: "make a chain table first, or choose another for the directory",
      });
    }
    return {
      kind: "replicated",
      table,
      tableVersion: latest.version,
      chunkBytes: choice.chunkBytes ?? chunkBytes,
      stripe: Math.min(choice.stripe ?? stripe, latest.chains),
      seed: this.#random.int(2 ** 32),
    };
  }
}
