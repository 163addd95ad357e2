/** What LMDB says when it fails, as errors of the metastore. */
import { isPondError } from "@smallpond/base";
import { metastoreError } from "../metastore/errors.ts";

/** Its own codes for a file that is not as it must be: page not found, corrupted, panic, version, invalid, incompatible. */
const DAMAGE: ReadonlySet<number> = new Set([-30797, -30796, -30795, -30794, -30793, -30784, -30779]);
const READERS_FULL = -30790;

export function storeFailure(error: unknown): unknown {
  if (isPondError(error)) return error;
  const code = codeOf(error);
  if (code !== undefined && DAMAGE.has(code)) {
    return metastoreError("STORE_CORRUPT", `the store is damaged: ${messageOf(error)}`, { cause: error });
  }
  const why = code === READERS_FULL ? "it has no room for another reader" : messageOf(error);
  return metastoreError("STORE_UNREACHABLE", `the store failed: ${why}`, { cause: error });
}

function codeOf(error: unknown): number | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "number" ? code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
