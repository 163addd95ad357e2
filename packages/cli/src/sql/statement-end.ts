/** Where a statement ends in text that people type: not inside quotes or a comment. */

/** Comments, texts, names and dollar quotes; one that is not closed runs to the end. */
const QUOTED_OR_COMMENT =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|(\$\w*\$)[\s\S]*?(?:\1|$)/g;

/** Whether the last thing typed is a semicolon that ends a statement. */
export function isComplete(text: string): boolean {
  return /;\s*$/.test(blankedOut(text));
}

/** Text of the same length, with blanks for comments and `q` for what is quoted. */
export function blankedOut(text: string): string {
  return text.replace(QUOTED_OR_COMMENT, (part) => (isComment(part) ? " " : "q").repeat(part.length));
}

function isComment(part: string): boolean {
  return part.startsWith("--") || part.startsWith("/*");
}
