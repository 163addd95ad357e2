/**
 * How columns are written into Parquet for people: as DuckDB does, except where that would lose digits.
 *
 * Sums of integers are HUGEINT, which DuckDB writes as DOUBLE: 18446744073709551613 came back as
 * 18446744073709552000. They are written as DECIMAL(38,0), and a value that does not fit fails.
 */
import { DuckDBTypeId } from "@duckdb/node-api";
import type { BoundSchema } from "./database.ts";
import type { StoredColumn } from "./stored-column.ts";
import { quoteName } from "./text.ts";
import { typedNull, typeText } from "./type-text.ts";

export function publicColumns(schema: BoundSchema): StoredColumn[] {
  return schema.map(({ name, tree }) => {
    const text = typeText(tree);
    const type = text.replace(/\bU?HUGEINT\b/g, "DECIMAL(38,0)");
    const wide =
      tree.typeId === DuckDBTypeId.HUGEINT || tree.typeId === DuckDBTypeId.UHUGEINT || type !== text;
    return {
      name,
      type,
      nullSql: typedNull(tree),
      encode: wide ? `CAST(${quoteName(name)} AS ${type})` : null,
      decode: null,
    };
  });
}
