/** What holds of the metadata in every state that the store was ever in. */
import { PondError } from "@smallpond/base";
import { checkMetadata, type OrderedStore, snapshotSource } from "@smallpond/fs-core";

/** Throws `UNSOUND` if the file system's own checker finds something in the store as it is now. */
export async function demandSound(store: OrderedStore): Promise<void> {
  using snapshot = await store.snapshot();
  const { findings, rows } = await checkMetadata(snapshotSource(snapshot));
  // Before the first service has made the root there is nothing to be right or wrong.
  const bad = findings.filter(({ code }) => rows > 0 || code !== "ROOT_MISSING");
  if (bad.length === 0) return;
  const lines = bad
    .slice(0, 10)
    .map(({ severity, code, subject, detail }) => `${severity} ${code} ${subject}: ${detail}`);
  throw new PondError("UNSOUND", { kind: "internal", message: `the checker finds\n${lines.join("\n")}` });
}

/** Rows of the queues of what is to be collected. */
export interface Garbage {
  readonly due: number;
  readonly later: number;
}

const DUE_AT = "GARB".length + 4;

/** By the time of day. */
export async function garbageOf(store: OrderedStore, nowMs: number): Promise<Garbage> {
  using snapshot = await store.snapshot();
  const text = (name: string): Uint8Array => new TextEncoder().encode(name);
  const range = { begin: text("GARB"), end: text("GARC") };
  const rows = await snapshot.range(range, { limit: 10_000, reverse: false });
  const due = rows.filter(
    ({ key }) => new DataView(key.buffer, key.byteOffset).getBigUint64(DUE_AT) <= nowMs,
  );
  return { due: due.length, later: rows.length - due.length };
}
