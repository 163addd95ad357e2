/** What a client does next: mostly small things in few places, so that they meet. */
import type { Random } from "@smallpond/base";
import { pick } from "../../../nemeses/index.ts";
import { UNIT_BYTES } from "../history/stamps.ts";

export type Act =
  | {
      readonly kind: "write";
      readonly at: number;
      readonly units: number;
      readonly behind: boolean;
      readonly hot: boolean;
    }
  | {
      readonly kind: "read";
      readonly at: number;
      readonly units: number;
      readonly session: boolean;
      /** One right after the other, from whichever replicas: what was seen once is seen from then on. */
      readonly times: number;
      readonly hot: boolean;
    }
  | { readonly kind: "cut"; readonly units: number }
  | { readonly kind: "append"; readonly units: number }
  | { readonly kind: "look" | "look-by-name" | "read-appended" | "empty" | "close" }
  | { readonly kind: "unlink" | "rename" | "born" };

export interface ActSizes {
  readonly chunkBytes: number;
  readonly chunksMax: number;
}

/** Where everybody meets: so few units that what one does is seen by the next. */
const HOT_UNITS = 4;
const TIMES_MAX = 8;

const WEIGHTS: ReadonlyMap<Act["kind"], number> = new Map([
  ["write", 30],
  ["read", 26],
  ["append", 10],
  ["read-appended", 6],
  ["look", 5],
  ["look-by-name", 5],
  ["cut", 7],
  ["empty", 4],
  ["close", 6],
  ["unlink", 2],
  ["rename", 2],
  ["born", 3],
]);

const PAGE_UNITS = 4096 / UNIT_BYTES;
/** Beside its inode: up to a page. */
const BORN_UNITS_MAX = 255;

export function drawAct(random: Random, sizes: ActSizes & { readonly isHot: boolean }): Act {
  const kind = drawKind(random);
  const hot = sizes.isHot;
  const few = { at: 0, units: 1 + random.int(HOT_UNITS) };
  const fileUnits = (sizes.chunkBytes / UNIT_BYTES) * sizes.chunksMax;
  switch (kind) {
    case "write": {
      const { at, units } = hot ? few : drawRange(random, sizes);
      return { kind, at, units, behind: random.next() < 0.2, hot };
    }
    case "read": {
      const whole = random.next() < 0.3 && !hot;
      const range = hot ? few : drawRange(random, sizes);
      const { at, units } = whole ? { at: 0, units: fileUnits } : range;
      const times = hot ? 1 + random.int(TIMES_MAX) : 1;
      return { kind, at, units, session: random.next() < 0.5, times, hot };
    }
    case "cut":
      return { kind, units: random.next() < 0.2 ? 0 : random.int(fileUnits) };
    case "append":
      return { kind, units: 1 + random.int(pick(random, [4, PAGE_UNITS, 6 * PAGE_UNITS])) };
    default:
      return { kind };
  }
}

export function bornUnits(random: Random): number {
  return 1 + random.int(pick(random, [8, BORN_UNITS_MAX]));
}

/** A few units, a page's border, a chunk's border, or a whole chunk. */
function drawRange(
  random: Random,
  { chunkBytes, chunksMax }: ActSizes,
): { readonly at: number; readonly units: number } {
  const chunkUnits = chunkBytes / UNIT_BYTES;
  const fileUnits = chunkUnits * chunksMax;
  const kind = pick(random, ["few", "page", "pages", "chunk border", "chunk"] as const);
  const page = random.int(fileUnits / PAGE_UNITS);
  const chunk = random.int(chunksMax);
  if (kind === "chunk") return { at: chunk * chunkUnits, units: chunkUnits };
  if (kind === "page") return { at: page * PAGE_UNITS, units: PAGE_UNITS };
  const units = 1 + random.int(kind === "few" ? 32 : 3 * PAGE_UNITS);
  const border = kind === "chunk border" ? (chunk + 1) * chunkUnits : (page + 1) * PAGE_UNITS;
  const at = Math.max(0, Math.min(border - random.int(units), fileUnits - 1));
  return { at, units: Math.min(units, fileUnits - at) };
}

function drawKind(random: Random): Act["kind"] {
  const sum = [...WEIGHTS.values()].reduce((total, weight) => total + weight, 0);
  let at = random.int(sum);
  for (const [kind, weight] of WEIGHTS) {
    if (at < weight) return kind;
    at -= weight;
  }
  return "look";
}
