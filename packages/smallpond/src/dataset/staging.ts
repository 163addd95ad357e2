/** Where the attempts of a write work until all of it is there, and what tells whose that is. */
import { type Owner, ownerName } from "../storage/owner.ts";
import type { Place } from "./place.ts";

/** There once a publication has begun that the next writer has to end. */
export const COMMIT_FILE = "commit";

export interface Staging {
  readonly path: string;
  readonly place: Place;
}

export function stagingPath(
  { path, inside }: Pick<Place, "path" | "inside">,
  { owner, tag }: { readonly owner: Owner; readonly tag: string },
): string {
  return `${stagingPrefix(path, inside)}${ownerName(owner)}~${tag}`;
}

/** What the paths of all stagings of a target begin with, beside it or inside of it. */
export function stagingPrefix(path: string, inside: boolean): string {
  const slash = path.lastIndexOf("/");
  const folder = inside ? `${path === "/" ? "" : path}/` : path.slice(0, slash + 1);
  return `${folder}.${path.slice(slash + 1)}.pond-`;
}

/** Whether a path goes through a staging directory. */
export function isStaged(path: string): boolean {
  return /\/\.[^/]*\.pond-[^/]*~[^/]*\//.test(path);
}

/** The directory that an append puts its files into; numbered, so that names are in the order of the appends. */
export function appendFolder(entries: readonly string[], tag: string): string {
  const numbers = entries.map((name) => Number(APPEND_FOLDER.exec(name)?.[1] ?? 0));
  return `part-append-${String(Math.max(0, ...numbers) + 1).padStart(5, "0")}-${tag}`;
}

export function isAppendFolder(name: string): boolean {
  return APPEND_FOLDER.test(name);
}

const APPEND_FOLDER = /^part-append-(\d+)-/;
