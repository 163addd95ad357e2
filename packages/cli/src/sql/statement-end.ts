/** Whether typed text ends in a semicolon that ends a statement: not one inside quotes or a comment. */
export function isComplete(text: string): boolean {
  return /;\s*$/.test(text.replace(QUOTED_OR_COMMENT, (part) => (isComment(part) ? " " : "q")));
}

/** Comments, texts, names and dollar quotes; one that is not closed runs to the end. */
const QUOTED_OR_COMMENT =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|(\$\w*\$)[\s\S]*?(?:\1|$)/g;

function isComment(part: string): boolean {
  return part.startsWith("--") || part.startsWith("/*");
}
