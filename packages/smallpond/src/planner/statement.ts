/** One SQL statement put together from named parts, each a common table expression. */
import { quoteName } from "../duckdb/text.ts";

/** SQL that is the same for every partition, or that depends on the partition's number. */
export type PartSql = string | ((partition: number) => string);

interface Part {
  readonly name: string;
  readonly sql: PartSql;
  /** Reading it twice costs no more than keeping it, and gives the same rows. */
  readonly cheap: boolean;
  uses: number;
}

export class StatementBuilder {
  readonly #parts = new Map<string, Part>();

  /** The quoted name of part `key`, if it is there; counts as one more use. */
  use(key: string): string | undefined {
    const part = this.#parts.get(key);
    if (part === undefined) return undefined;
    part.uses++;
    return quoteName(part.name);
  }

  /** Adds a part, used once, and returns its quoted name. Parts it names must have been added before. */
  add(key: string, sql: PartSql, options: { readonly cheap: boolean }): string {
    const name = `__pond_${key}`;
    this.#parts.set(key, { name, sql, cheap: options.cheap, uses: 1 });
    return quoteName(name);
  }

  /**
   * The whole query, the parts first and then `body`, for one partition after another: what does not depend on the
   * partition is put together once.
   */
  template(body: string): (partition: number) => string {
    const parts = [...this.#parts.values()].map((part) => ({
      head: `${quoteName(part.name)} AS ${this.#mode(part)}`,
      sql: part.sql,
    }));
    if (parts.every((part) => typeof part.sql === "string")) {
      const text = join(
        parts.map((part) => `${part.head}(${part.sql as string})`),
        body,
      );
      return () => text;
    }
    return (partition) =>
      join(
        parts.map(({ head, sql }) => `${head}(${typeof sql === "string" ? sql : sql(partition)})`),
        body,
      );
  }

  // A part used twice is computed once: with random() or LIMIT in it, twice would be two different frames.
  #mode(part: Part): string {
    return part.uses > 1 && !part.cheap ? "MATERIALIZED " : "NOT MATERIALIZED ";
  }
}

function join(parts: readonly string[], body: string): string {
  return parts.length === 0 ? body : `WITH ${parts.join(",\n")}\n${body}`;
}
