/** Names and strings as SQL text. Everything that is pasted into a statement goes through here or `sqlLiteral`. */

/** An identifier, always quoted: `a"b` becomes `"a""b"`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A VARCHAR literal. DuckDB has no backslash escapes in plain literals, so doubling the quote is enough. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A list of VARCHAR literals: `['a', 'b']`. */
export function quoteTexts(texts: readonly string[]): string {
  return `[${texts.map(quoteText).join(", ")}]`;
}

/** Lower case, as DuckDB compares identifiers. */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** The first of `stem`, `stem_1`, `stem_2`, … that no existing name equals, without regard to case. */
export function freshName(stem: string, existing: Iterable<string>): string {
  const taken = new Set([...existing].map(foldName));
  let name = stem;
  for (let suffix = 1; taken.has(foldName(name)); suffix++) name = `${stem}_${suffix}`;
  return name;
}
