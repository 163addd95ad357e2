/** A path as the steps of a walk. */

/** What a trailing slash asks for: that what stands before it is a directory. */
export const MUST_BE_DIRECTORY = "/";

/** Names from first to last, `.` and `..` among them, and {@link MUST_BE_DIRECTORY} for a trailing slash. */
export function components(path: string): readonly string[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.length > 0 && path.endsWith("/") ? [...names, MUST_BE_DIRECTORY] : names;
}

export function isAbsolute(path: string): boolean {
  return path.startsWith("/");
}
