/** Values into a VARIANT column; see `variant-decode.ts` for its form. */
import {
  type DuckDBArrayType,
  type DuckDBDecimalType,
  type DuckDBListType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId as Id,
  UINTEGER,
  UTINYINT,
  VARCHAR,
} from "@duckdb/node-api";
import { newBitmap, setNull } from "./bitmap.ts";
import { isPlainObject, toArray, toBoolean, toStruct } from "./coerce.ts";
import type { ColumnData, ListData, StructData } from "./column-data.ts";
import { encodeColumn } from "./encode.ts";
import { Misfit } from "./errors.ts";
import { inferType } from "./infer-type.ts";
import { parseType } from "./parse-type.ts";
import { Variant } from "./variant.ts";
import { TAG } from "./variant-tags.ts";

/**
 * The values as VARIANTs. A {@link Variant} keeps its types; other values get the type that a literal of them has, every
 * item of an array its own. Maps become arrays of `{ key, value }`, as DuckDB's cast does.
 */
export function encodeVariants(values: readonly unknown[]): StructData {
  const writer = new VariantWriter();
  let validity: Uint8Array | null = null;
  values.forEach((value, row) => {
    if (value === null || value === undefined) {
      validity ??= newBitmap(values.length);
      setNull(validity, row);
    } else {
      writer.node(value, undefined);
    }
    writer.endRow();
  });
  return { kind: "struct", length: values.length, validity, children: writer.parts() };
}

/** Types whose nodes are a tag and the bytes that a column of the type has. */
const FIXED_TAGS: { readonly [id in Id]?: number } = {
  [Id.TINYINT]: TAG.INT8,
  [Id.SMALLINT]: TAG.INT16,
  [Id.INTEGER]: TAG.INT32,
  [Id.BIGINT]: TAG.INT64,
  [Id.HUGEINT]: TAG.INT128,
  [Id.UTINYINT]: TAG.UINT8,
  [Id.USMALLINT]: TAG.UINT16,
  [Id.UINTEGER]: TAG.UINT32,
  [Id.UBIGINT]: TAG.UINT64,
  [Id.UHUGEINT]: TAG.UINT128,
  [Id.FLOAT]: TAG.FLOAT,
  [Id.DOUBLE]: TAG.DOUBLE,
  [Id.DECIMAL]: TAG.DECIMAL,
  [Id.UUID]: TAG.UUID,
  [Id.DATE]: TAG.DATE,
  [Id.TIME]: TAG.TIME,
  [Id.TIME_NS]: TAG.TIME_NS,
  [Id.TIME_TZ]: TAG.TIMETZ,
  [Id.TIMESTAMP]: TAG.TIMESTAMP,
  [Id.TIMESTAMP_S]: TAG.TIMESTAMP_S,
  [Id.TIMESTAMP_MS]: TAG.TIMESTAMP_MS,
  [Id.TIMESTAMP_NS]: TAG.TIMESTAMP_NS,
  [Id.TIMESTAMP_TZ]: TAG.TIMESTAMPTZ,
  [Id.INTERVAL]: TAG.INTERVAL,
};

/** Types whose nodes are a tag, a byte count and bytes. */
const SIZED_TAGS: { readonly [id in Id]?: number } = {
  [Id.VARCHAR]: TAG.VARCHAR,
  [Id.BLOB]: TAG.BLOB,
  [Id.BIT]: TAG.BIT,
  [Id.BIGNUM]: TAG.BIGNUM,
  [Id.GEOMETRY]: TAG.GEOMETRY,
};

class VariantWriter {
  readonly #names: string[] = [];
  readonly #nameEnds = [0];
  readonly #childNames: (number | null)[] = [];
  readonly #childNodes: number[] = [];
  readonly #childEnds = [0];
  readonly #tags: number[] = [];
  readonly #byteOffsets: number[] = [];
  readonly #nodeEnds = [0];
  readonly #data: number[] = [];
  readonly #dataEnds = [0];

  /** Adds a node and all below it, and answers its index within the row. */
  node(value: unknown, type: DuckDBType | undefined): number {
    if (value === null || value === undefined) return this.#begin(TAG.NULL);
    if (value instanceof Variant) return this.node(value.value, parseType(value.type));
    if (type === undefined || type.typeId === Id.VARIANT) return this.#untyped(value);
    switch (type.typeId) {
      case Id.LIST:
      case Id.ARRAY: {
        const { valueType } = type as DuckDBListType | DuckDBArrayType;
        return this.#array(toArray(value), valueType);
      }
      case Id.STRUCT: {
        const { entryNames, entryTypes } = type as DuckDBStructType;
        return this.#object(entryNames, toStruct(value, entryNames), entryTypes);
      }
      default:
        return this.#scalar(value, type);
    }
  }

  endRow(): void {
    this.#nameEnds.push(this.#names.length);
    this.#childEnds.push(this.#childNodes.length);
    this.#nodeEnds.push(this.#tags.length);
    this.#dataEnds.push(this.#data.length);
  }

  parts(): readonly ColumnData[] {
    const struct = (...children: readonly ColumnData[]): ColumnData => {
      return { kind: "struct", length: children[0]!.length, validity: null, children };
    };
    const pairs = struct(encodeColumn(this.#childNames, UINTEGER), encodeColumn(this.#childNodes, UINTEGER));
    const nodes = struct(encodeColumn(this.#tags, UTINYINT), encodeColumn(this.#byteOffsets, UINTEGER));
    return [
      lists(this.#nameEnds, encodeColumn(this.#names, VARCHAR)),
      lists(this.#childEnds, pairs),
      lists(this.#nodeEnds, nodes),
      {
        kind: "bytes",
        length: this.#dataEnds.length - 1,
        validity: null,
        offsets: Int32Array.from(this.#dataEnds),
        bytes: Uint8Array.from(this.#data),
      },
    ];
  }

  #untyped(value: unknown): number {
    if (Array.isArray(value)) return this.#array(value, undefined);
    if (value instanceof Map) {
      return this.#array(
        [...value].map(([key, item]) => ({ key, value: item })),
        undefined,
      );
    }
    if (isPlainObject(value)) return this.#object(Object.keys(value), Object.values(value), undefined);
    return this.node(value, inferType(value));
  }

  #array(items: readonly unknown[], type: DuckDBType | undefined): number {
    const [index, first] = this.#beginNested(TAG.ARRAY, items.length);
    items.forEach((item, child) => {
      this.#childNodes[first + child] = this.node(item, type);
    });
    return index;
  }

  #object(
    names: readonly string[],
    values: readonly unknown[],
    types: readonly DuckDBType[] | undefined,
  ): number {
    const [index, first] = this.#beginNested(TAG.OBJECT, names.length);
    names.forEach((name, child) => {
      this.#childNames[first + child] = this.#names.length - this.#nameEnds.at(-1)!;
      this.#names.push(name);
      this.#childNodes[first + child] = this.node(values[child], types?.[child]);
    });
    return index;
  }

  #scalar(value: unknown, type: DuckDBType): number {
    if (type.typeId === Id.BOOLEAN) return this.#begin(toBoolean(value) ? TAG.TRUE : TAG.FALSE);
    const fixedTag = FIXED_TAGS[type.typeId];
    const tag = fixedTag ?? SIZED_TAGS[type.typeId];
    if (tag === undefined) throw new Misfit(value, `a VARIANT cannot hold ${type}`);
    const column = encodeColumn([value], type);
    const index = this.#begin(tag);
    if (type.typeId === Id.DECIMAL) {
      this.#varint((type as DuckDBDecimalType).width);
      this.#varint((type as DuckDBDecimalType).scale);
    }
    const bytes =
      column.kind === "fixed" ? column.data : column.kind === "bytes" ? column.bytes : new Uint8Array(0);
    if (fixedTag === undefined) this.#varint(bytes.length);
    for (const byte of bytes) this.#data.push(byte);
    return index;
  }

  #begin(tag: number): number {
    this.#tags.push(tag);
    this.#byteOffsets.push(this.#data.length - this.#dataEnds.at(-1)!);
    return this.#tags.length - 1 - this.#nodeEnds.at(-1)!;
  }

  /** Adds an object or array, and reserves places for its children, which must lie together. */
  #beginNested(tag: number, count: number): [index: number, first: number] {
    const index = this.#begin(tag);
    const first = this.#childNodes.length;
    this.#varint(count);
    this.#varint(first - this.#childEnds.at(-1)!);
    for (let child = 0; child < count; child++) {
      this.#childNodes.push(0);
      this.#childNames.push(null);
    }
    return [index, first];
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#data.push((rest & 0x7f) | 0x80);
    this.#data.push(rest);
  }
}

function lists(ends: readonly number[], child: ColumnData): ListData {
  return { kind: "list", length: ends.length - 1, validity: null, offsets: Int32Array.from(ends), child };
}
