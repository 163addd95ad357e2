/** A table of a TOML file, read field by field: what is missing, of another type or unknown is said by its full name. */
import { dirname, resolve } from "node:path";
import { type NetAddress, PondError } from "@smallpond/base";
import { parse, TomlError } from "smol-toml";

export class TomlTable {
  readonly #name: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #read: Set<string> = new Set();

  private constructor(path: string, name: string, values: Readonly<Record<string, unknown>>) {
    this.#path = path;
    this.#name = name;
    this.#values = values;
  }

  /** @throws BAD_CONFIG with line and column. */
  static parse(text: string, path: string): TomlTable {
    try {
      return new TomlTable(path, "", parse(text));
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      const [reason = ""] = error.message.split("\n");
      throw badConfig(
        `${path}:${error.line}:${error.column}: ${reason.replace(/^Invalid TOML document: /, "")}`,
      );
    }
  }

  table(name: string): TomlTable {
    const value = this.#value(name);
    if (!isTable(value)) throw this.bad(name, "is not a table");
    return new TomlTable(this.#path, this.#nameOf(name), value);
  }

  /** Empty if there is none. */
  optionalTable(name: string): TomlTable {
    return this.#optional(name) === undefined
      ? new TomlTable(this.#path, this.#nameOf(name), {})
      : this.table(name);
  }

  /** `[[name]]`, none if there is none. */
  tables(name: string): readonly TomlTable[] {
    const value = this.#optional(name) ?? [];
    if (!Array.isArray(value) || !value.every(isTable))
      throw this.bad(name, `is not a list of tables: write [[${name}]]`);
    return value.map((entry, at) => new TomlTable(this.#path, `${this.#nameOf(name)}[${at}]`, entry));
  }

  text(name: string, fallback?: string): string {
    const value = this.#optional(name) ?? fallback;
    if (value === undefined) throw this.bad(name, "is missing");
    if (typeof value !== "string" || value === "") throw this.bad(name, "is not a text");
    return value;
  }

  texts(name: string): readonly string[] {
    const value = this.#value(name);
    if (!Array.isArray(value) || value.length === 0 || !value.every((one) => typeof one === "string"))
      throw this.bad(name, "is not a list of texts");
    return value;
  }

  count(name: string, fallback?: number): number {
    const value = this.#optional(name) ?? fallback;
    if (value === undefined) throw this.bad(name, "is missing");
    if (!Number.isSafeInteger(value) || (value as number) < 1)
      throw this.bad(name, "is not a number from 1 on");
    return value as number;
  }

  /** From 0 to `max`. */
  upTo(name: string, max: number, fallback: number): number {
    const value = this.#optional(name) ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max)
      throw this.bad(name, `is not a number from 0 to ${max}`);
    return value as number;
  }

  oneOf<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const value = this.text(name, fallback);
    const found = words.find((word) => word === value);
    if (found === undefined) throw this.bad(name, `is not ${words.join(", ")}`);
    return found;
  }

  /** `host:port`, `[::1]:port` or `unix:/path`. */
  address(name: string): NetAddress {
    return this.optionalAddress(name) ?? fail(this.bad(name, "is missing"));
  }

  optionalAddress(name: string): NetAddress | undefined {
    const value = this.#optional(name);
    if (value === undefined) return undefined;
    const found = typeof value === "string" ? addressIn(value) : undefined;
    return found ?? fail(this.bad(name, "is not an address such as host-a:9000"));
  }

  /** Relative to the file's own directory. */
  path(name: string): string {
    return resolve(dirname(this.#path), this.text(name));
  }

  paths(name: string): readonly string[] {
    return this.texts(name).map((path) => resolve(dirname(this.#path), path));
  }

  /** Refuses whatever was not asked for: a typing mistake must not pass for a setting. */
  end(): void {
    const unknown = Object.keys(this.#values).find((name) => !this.#read.has(name));
    if (unknown !== undefined) throw this.bad(unknown, "is not known");
  }

  bad(name: string, reason: string): PondError<"BAD_CONFIG"> {
    return badConfig(`${this.#path}: ${this.#nameOf(name)} ${reason}`);
  }

  #value(name: string): unknown {
    return this.#optional(name) ?? fail(this.bad(name, "is missing"));
  }

  #optional(name: string): unknown {
    this.#read.add(name);
    return this.#values[name];
  }

  #nameOf(name: string): string {
    return this.#name === "" ? name : `${this.#name}.${name}`;
  }
}

export function badConfig(message: string): PondError<"BAD_CONFIG"> {
  return new PondError("BAD_CONFIG", {
    kind: "invalid",
    message,
    hint: "docs/operating/three-hosts.toml is a complete example",
  });
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function addressIn(text: string): NetAddress | undefined {
  if (text.startsWith("unix:/")) return { kind: "unix", path: text.slice(5) };
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { kind: "tcp", host, port };
}

function fail(error: Error): never {
  throw error;
}
