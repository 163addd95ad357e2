/** Reads the options of a verb as people passed them, whom no compiler may have checked; every error names the option. */
import { PondError } from "@smallpond/base";

export class OptionReader {
  readonly #verb: string;
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(verb: string, options: object) {
    this.#verb = verb;
    this.#options = options as Readonly<Record<string, unknown>>;
  }

  /** A misspelt option would otherwise be ignored. */
  expectNames(names: readonly string[]): void {
    const unknown = Object.keys(this.#options).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw this.bad(`there is no option ${unknown}`, `there are ${names.join(", ")}`);
  }

  value(name: string): unknown {
    return this.#options[name];
  }

  oneOf<const T extends string>(name: string, choices: readonly T[], otherwise: NoInfer<T>): T {
    const value = this.#options[name];
    if (value === undefined) return otherwise;
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    throw this.#wrong(name, `one of ${choices.join(", ")}`);
  }

  /** Null when not given. */
  count(name: string, min: number, max: number): number | null {
    const value = this.#options[name];
    if (value === undefined) return null;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    throw this.#wrong(name, `a whole number from ${min} to ${max}`);
  }

  flag(name: string, otherwise: boolean): boolean {
    return this.optionalFlag(name) ?? otherwise;
  }

  /** Null when not given. */
  optionalFlag(name: string): boolean | null {
    const value = this.#options[name];
    if (value === undefined) return null;
    if (typeof value === "boolean") return value;
    throw this.#wrong(name, "true or false");
  }

  /** Null when not given. */
  text(name: string): string | null {
    const value = this.#options[name];
    if (value === undefined) return null;
    if (typeof value === "string" && !value.includes("\0")) return value;
    throw this.#wrong(name, "text");
  }

  /** One or several texts, none of them empty or there twice. */
  texts(name: string): readonly string[] {
    const value = this.#options[name];
    const list: unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
    const texts = list.filter((one): one is string => typeof one === "string" && one !== "");
    const different = new Set(texts.map((one) => one.toLowerCase()));
    if (texts.length === list.length && different.size === texts.length) return texts;
    throw this.#wrong(name, "names of different columns");
  }

  bad(message: string, hint?: string): PondError {
    const details = { verb: this.#verb };
    return new PondError("BAD_ARGUMENT", {
      kind: "invalid",
      message: `${this.#verb}(): ${message}`,
      details,
      hint,
    });
  }

  #wrong(name: string, expected: string): PondError {
    const value = this.#options[name];
    const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
    return this.bad(`${name} must be ${expected}, got ${shown}`);
  }
}
