/** Reader of VARIANTs, which travel as a struct of their parts. */
import { type StructData, sliceRows } from "../duckdb/values/column-data.ts";
import { Misfit } from "../duckdb/values/errors.ts";
import { decodeVariants } from "../duckdb/values/variant-decode.ts";
import { encodeVariants } from "../duckdb/values/variant-encode.ts";
import type { Reader } from "./readers.ts";

/** DuckDB follows the indices in the parts without checks, so they are taken apart and put together again. */
export function readVariant(parts: Reader): Reader {
  return (data, start, count) => {
    const column = sliceRows(parts(data, start, count), 0, count) as StructData;
    try {
      return encodeVariants(decodeVariants(column));
    } catch (error) {
      throw new Misfit("a VARIANT", `its parts are damaged: ${(error as Error).message}`);
    }
  };
}
