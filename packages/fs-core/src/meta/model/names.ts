/** What may be a name, a path, or a symbolic link's target. */
import { fsError } from "./errors.ts";
import { META_LIMITS } from "./limits.ts";

/** Names and paths are let through the wire up to this, so that those that are too long get their own error. */
export const PATH_WIRE_BYTES_MAX: number = 64 * 1024;

/** A name that an entry can have: not empty, not `.` or `..`, without `/` and NUL, at most 255 bytes. */
export function checkName(name: string, operation: string): void {
  if (name === "") throw fsError("ENOENT", operation, name, { reason: "a name is missing" });
  if (name === "." || name === "..") {
    throw fsError("EINVAL", operation, name, { reason: "this name always stands for a directory itself" });
  }
  if (name.includes("/")) throw fsError("EINVAL", operation, name, { reason: "a name has no slash" });
  checkCharacters(name, operation);
  if (utf8Bytes(name) > META_LIMITS.nameBytesMax) throw fsError("ENAMETOOLONG", operation, name);
}

/** A path to walk along: without NUL, at most 4,095 bytes. It may be empty. */
export function checkPath(path: string, operation: string): void {
  checkCharacters(path, operation);
  // C counts the closing NUL.
  if (utf8Bytes(path) >= META_LIMITS.pathBytesMax) {
    throw fsError("ENAMETOOLONG", operation, path, { reason: "the path is too long" });
  }
}

function checkCharacters(text: string, operation: string): void {
  if (text.includes("\0")) throw fsError("EINVAL", operation, text, { reason: "a name has no NUL" });
  if (/\p{Surrogate}/u.test(text)) {
    throw fsError("EINVAL", operation, text, { reason: "a name is well-formed text" });
  }
}

/** How many bytes a well-formed text has as UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    // Either half of a pair is two of its four bytes.
    else bytes += unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
  }
  return bytes;
}
