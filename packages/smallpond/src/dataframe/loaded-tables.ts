/** Rows of the program as tables of the session: filled in the background, one after another. */
import type { DatabaseConnection } from "../duckdb/database.ts";
import type { NodeMeta } from "../logical/node.ts";
import { type Values, values } from "../logical/values.ts";

export class LoadedTables {
  readonly #connection: DatabaseConnection;
  readonly #loads = new Map<string, Promise<void>>();
  #last: Promise<void> = Promise.resolve();

  /** The connection is used for nothing else. */
  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  /** Begins to fill a table; whoever reads its node waits, and hears of a failure. */
  load(
    meta: NodeMeta,
    label: string,
    fill: (connection: DatabaseConnection, table: string) => Promise<void>,
  ): Values {
    const node = values(meta, `pond_values_${meta.id}`, label);
    const loaded = this.#last.catch(() => {}).then(() => fill(this.#connection, node.table));
    loaded.catch(() => {});
    this.#last = loaded;
    this.#loads.set(node.table, loaded);
    return node;
  }

  /** Resolves when the rows of a table are in it. */
  async loaded(table: string): Promise<void> {
    await this.#loads.get(table);
  }

  /** Resolves when nothing is being filled, whatever became of it. */
  async settled(): Promise<void> {
    await this.#last.catch(() => {});
  }
}
