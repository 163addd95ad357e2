/**
 * What things are called in the trash: their name, when they came and until when they are kept, and a part of the request
 * that tells two of one name apart. `report.txt` becomes `report.txt-20260101T120000Z-20260104T120000Z-0123abcd`.
 */
import { META_LIMITS } from "../../model/limits.ts";
import { utf8Bytes } from "../../model/names.ts";

export interface TrashName {
  /** As it was, if it was not too long. */
  readonly name: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Eight hexadecimal digits. */
  readonly tag: string;
}

const PATTERN = /^(?<name>.+)-(?<since>\d{8}T\d{6}Z)-(?<until>\d{8}T\d{6}Z)-(?<tag>[0-9a-f]{8})$/su;

/** To the second; later ones are kept a little longer rather than shorter. */
export function formatTrashName({ name, sinceMs, untilMs, tag }: TrashName): string {
  const suffix = `-${stamp(Math.floor(sinceMs / 1000))}-${stamp(Math.ceil(untilMs / 1000))}-${tag}`;
  return cutTo(name, META_LIMITS.nameBytesMax - suffix.length) + suffix;
}

/** Nothing for a name that something was given by hand: it is kept for as long as it is there. */
export function parseTrashName(text: string): TrashName | undefined {
  const groups = PATTERN.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { name, since, until, tag } = groups as Record<"name" | "since" | "until" | "tag", string>;
  const [sinceMs, untilMs] = [millis(since), millis(until)];
  return Number.isNaN(sinceMs) || Number.isNaN(untilMs) ? undefined : { name, sinceMs, untilMs, tag };
}

function stamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[-:]|\.\d+/g, "");
}

function millis(text: string): number {
  const iso = text.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
  return Date.parse(iso);
}

/** As many whole characters as fit. */
function cutTo(name: string, bytesMax: number): string {
  let kept = "";
  let bytes = 0;
  for (const character of name) {
    bytes += utf8Bytes(character);
    if (bytes > bytesMax) break;
    kept += character;
  }
  return kept;
}
