/**
 * Type text into a type, without a connection and without trusting the text: what Arrow metadata and VARIANT values
 * say goes through here before it gets anywhere near SQL. It reads what `typeText` and DuckDB's `typeof` write, with
 * the usual aliases. Names of user-defined types are for DuckDB itself to resolve; see `declared-types.ts`.
 */
import {
  ARRAY,
  BIGINT,
  BIGNUM,
  BIT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBGeometryType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBUnionType,
  DuckDBVarCharType,
  ENUM,
  FLOAT,
  GEOMETRY,
  HUGEINT,
  INTEGER,
  INTERVAL,
  LIST,
  MAP,
  SMALLINT,
  SQLNULL,
  TIME,
  TIME_NS,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TIMETZ,
  TINYINT,
  UBIGINT,
  UHUGEINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  UUID,
  VARCHAR,
  VARIANT,
} from "@duckdb/node-api";
import { describeValue, valueError } from "./errors.ts";

/** The type that the text names. Throws INVALID_TYPE. */
export function parseType(text: string): DuckDBType {
  const parser = new TypeParser(text);
  const type = parser.type(0);
  parser.end();
  return type;
}

const SIMPLE: Readonly<Record<string, DuckDBType>> = {
  BOOLEAN,
  BOOL: BOOLEAN,
  TINYINT,
  INT1: TINYINT,
  SMALLINT,
  INT2: SMALLINT,
  INTEGER,
  INT: INTEGER,
  INT4: INTEGER,
  BIGINT,
  INT8: BIGINT,
  LONG: BIGINT,
  HUGEINT,
  INT128: HUGEINT,
  UTINYINT,
  USMALLINT,
  UINTEGER,
  UBIGINT,
  UHUGEINT,
  UINT128: UHUGEINT,
  BIGNUM,
  FLOAT,
  FLOAT4: FLOAT,
  REAL: FLOAT,
  DOUBLE,
  FLOAT8: DOUBLE,
  VARCHAR,
  TEXT: VARCHAR,
  STRING: VARCHAR,
  BLOB,
  BYTEA: BLOB,
  BIT,
  DATE,
  TIME,
  TIME_NS,
  TIMETZ,
  TIMESTAMP,
  DATETIME: TIMESTAMP,
  TIMESTAMP_S,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMPTZ,
  INTERVAL,
  UUID,
  JSON: DuckDBVarCharType.create("JSON"),
  VARIANT,
  GEOMETRY,
  NULL: SQLNULL,
};

const DEPTH_MAX = 64;
const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|(\d+)|([()[\],]))/y;

interface Token {
  readonly kind: "word" | "name" | "text" | "number" | "mark";
  readonly text: string;
}

class TypeParser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokensOf(source) ?? this.#fail();
  }

  type(depth: number): DuckDBType {
    if (depth > DEPTH_MAX) this.#fail();
    let type = this.#base(depth);
    while (this.#take("[")) {
      const size = this.#is("]") ? undefined : this.#number();
      this.#expect("]");
      type = size === undefined ? LIST(type) : ARRAY(type, size);
    }
    return type;
  }

  end(): void {
    if (this.#at < this.#tokens.length) this.#fail();
  }

  #base(depth: number): DuckDBType {
    const token = this.#tokens[this.#at++];
    if (token?.kind === "name" && token.text.toUpperCase() === "NULL") return SQLNULL;
    if (token?.kind !== "word") return this.#fail();
    const word = token.text.toUpperCase();
    const nested = this.#nested(word, depth + 1);
    if (nested !== undefined) return nested;
    if (word === "TIME" || word === "TIMESTAMP") return this.#zoned(word);
    if (word === "DOUBLE") this.#word("PRECISION");
    if (word === "VARCHAR" && this.#take("(")) this.#number(")");
    return Object.hasOwn(SIMPLE, word) ? SIMPLE[word]! : this.#fail();
  }

  #nested(word: string, depth: number): DuckDBType | undefined {
    switch (word) {
      case "DECIMAL":
      case "NUMERIC":
        return this.#decimal();
      case "ENUM":
        this.#expect("(");
        return ENUM(this.#separated(() => this.#text()));
      case "GEOMETRY":
        return this.#take("(") ? this.#geometry() : GEOMETRY;
      case "MAP": {
        this.#expect("(");
        const [key, value, more] = this.#separated(() => this.type(depth));
        return key === undefined || value === undefined || more !== undefined
          ? this.#fail()
          : MAP(key, value);
      }
      case "STRUCT": {
        const fields = this.#fields(depth);
        return new DuckDBStructType(
          fields.map(({ name }) => name),
          fields.map(({ type }) => type),
        );
      }
      case "UNION": {
        const fields = this.#fields(depth);
        if (fields.length === 0 || fields[0]!.name === "") this.#fail();
        return new DuckDBUnionType(
          fields.map(({ name }) => name),
          fields.map(({ type }) => type),
        );
      }
      default:
        return undefined;
    }
  }

  /** Fields of a struct or union: all with names, or none. */
  #fields(depth: number): { readonly name: string; readonly type: DuckDBType }[] {
    this.#expect("(");
    // The empty object that a VARIANT can hold has this type; no column does.
    if (this.#take(")")) return [];
    const fields = this.#separated(() => {
      const name = this.#fieldName();
      return { name, type: this.type(depth) };
    });
    const unnamed = fields.filter(({ name }) => name === "").length;
    return unnamed === 0 || unnamed === fields.length ? fields : this.#fail();
  }

  /** A name counts as one only when a type follows it. */
  #fieldName(): string {
    const [first, second] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
    const typeFollows = second?.kind === "word" || second?.kind === "name";
    if (first === undefined || first.kind === "mark" || !typeFollows) return "";
    const zoned = first.kind === "word" && /^WITH(OUT)?$|^PRECISION$/i.test(second.text);
    if (zoned) return "";
    this.#at++;
    return first.text;
  }

  #zoned(word: "TIME" | "TIMESTAMP"): DuckDBType {
    const without = this.#word("WITHOUT");
    const zoned = !without && this.#word("WITH");
    if ((without || zoned) && !(this.#word("TIME") && this.#word("ZONE"))) this.#fail();
    if (word === "TIME") return zoned ? TIMETZ : TIME;
    return zoned ? TIMESTAMPTZ : TIMESTAMP;
  }

  #decimal(): DuckDBType {
    if (!this.#take("(")) return DECIMAL(18, 3);
    const [width = 0, scale = 0, more] = this.#separated(() => this.#number());
    const sane = width >= 1 && width <= 38 && scale <= width && more === undefined;
    return sane ? DECIMAL(width, scale) : this.#fail();
  }

  #geometry(): DuckDBType {
    const crs = this.#text();
    this.#expect(")");
    return new DuckDBGeometryType(undefined, crs);
  }

  /** Items up to the closing parenthesis; the opening one has been read. */
  #separated<T>(item: () => T): T[] {
    const items = [item()];
    while (this.#take(",")) items.push(item());
    this.#expect(")");
    return items;
  }

  #text(): string {
    const token = this.#tokens[this.#at++];
    return token?.kind === "text" ? token.text : this.#fail();
  }

  #number(closing?: string): number {
    const token = this.#tokens[this.#at++];
    const value = token?.kind === "number" ? Number(token.text) : Number.NaN;
    if (closing !== undefined) this.#expect(closing);
    return Number.isSafeInteger(value) ? value : this.#fail();
  }

  #word(word: string): boolean {
    const token = this.#tokens[this.#at];
    const found = token?.kind === "word" && token.text.toUpperCase() === word;
    if (found) this.#at++;
    return found;
  }

  #is(mark: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === "mark" && token.text === mark;
  }

  #take(mark: string): boolean {
    const found = this.#is(mark);
    if (found) this.#at++;
    return found;
  }

  #expect(mark: string): void {
    if (!this.#take(mark)) this.#fail();
  }

  #fail(): never {
    const message = `${describeValue(this.#source)} is not the text of a DuckDB type`;
    const hint = "write it as DuckDB does: DECIMAL(18,3), VARCHAR[], STRUCT(a INTEGER), MAP(VARCHAR, DATE)";
    throw valueError("INVALID_TYPE", message, { type: this.#source }, hint);
  }
}

function tokensOf(source: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const text = source.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    const [, word, name, quoted, digits, mark] = match;
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (name !== undefined) tokens.push({ kind: "name", text: name.replaceAll('""', '"') });
    else if (quoted !== undefined) tokens.push({ kind: "text", text: quoted.replaceAll("''", "'") });
    else if (digits !== undefined) tokens.push({ kind: "number", text: digits });
    else tokens.push({ kind: "mark", text: mark! });
  }
  return tokens;
}
