/** Paths as callers write them, as places that metadata understands. */
import { ROOT_INODE } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { Place } from "../../meta/walk/place.ts";

export interface NamedPlace {
  readonly place: Place;
  /** The path ends with a slash, or in `.` or `..`: it means a directory, and nothing else. */
  readonly isDirectory: boolean;
}

/** Refuses what is no absolute path. What else may be wrong with it, the service says. */
export function checkAbsolute(path: string, operation: string): void {
  if (typeof path !== "string") {
    throw fsError("EINVAL", operation, String(path), { reason: "the path is no text" });
  }
  if (path === "") throw fsError("ENOENT", operation, path, { reason: "the path is empty" });
  if (path.startsWith("/")) return;
  throw fsError("EINVAL", operation, path, {
    reason: "the path is not absolute",
    hint: `write it from the root of the file system on: ${JSON.stringify(`/${path}`)}`,
  });
}

/** Nothing for the root, which has no name. */
export function placeOf(path: string, operation: string): NamedPlace | undefined {
  checkAbsolute(path, operation);
  const names = path.split("/").filter((name) => name !== "");
  const name = names.pop();
  if (name === undefined) return undefined;
  const isDirectory = path.endsWith("/") || name === "." || name === "..";
  return { place: { directory: ROOT_INODE, under: names.join("/"), name }, isDirectory };
}

/** Where an entry is or will be. The root is `EBUSY`: nothing becomes of it. */
export function entryAt(path: string, operation: string): Place {
  const named = placeOf(path, operation);
  if (named === undefined) {
    throw fsError("EBUSY", operation, path, { reason: "it is the root of the file system" });
  }
  return named.place;
}
