/** Reader of dictionary-encoded data: the values are read once, and picked by index. */
import type { Data, Vector } from "apache-arrow";
import { isValid } from "../duckdb/values/bitmap.ts";
import { type ColumnData, concatColumns, takeRows } from "../duckdb/values/column-data.ts";
import { damaged, rowsOf } from "./arrow-buffers.ts";
import type { Reader } from "./readers.ts";

export function readDictionary(plain: Reader): Reader {
  const read = new WeakMap<Vector, ColumnData>();
  const valuesOf = (dictionary: Vector): ColumnData => {
    const values =
      read.get(dictionary) ?? concatColumns(dictionary.data.map((data) => plain(data, 0, data.length)));
    read.set(dictionary, values);
    return values;
  };
  return (data: Data, start, count) => {
    if (data.dictionary === undefined) throw damaged();
    const values = valuesOf(data.dictionary);
    const { validity } = rowsOf(data, start, count);
    const stored = data.values as ArrayLike<number | bigint>;
    const indices = Int32Array.from({ length: count }, (_, row) => {
      if (!isValid(validity, row)) return -1;
      const index = Number(stored[start + row]);
      if (!(index >= 0 && index < values.length)) throw damaged();
      return index;
    });
    return takeRows(values, indices);
  };
}
