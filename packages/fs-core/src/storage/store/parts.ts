/** What the operations of a chunk store work with. */
import type { Clock, Probes } from "@smallpond/base";
import type { BlockFiles } from "../blocks/block-files.ts";
import type { BlockSpace } from "../blocks/block-space.ts";
import type { PageBuffers } from "../blocks/page-buffers.ts";
import type { Journal } from "../journal/journal.ts";
import type { StoreRecord } from "../journal/records.ts";
import type { Crc } from "../model/pages.ts";
import type { StoreSettings } from "../settings.ts";
import type { KeyLocks } from "./key-locks.ts";
import type { PatchApplier } from "./patch-applier.ts";
import type { StoreState } from "./state.ts";

/** Bugs planted on request: what the simulator must notice. Never set in production. */
export type StoreBug = "ack-before-sync" | "apply-before-redo" | "unchecked-read";

export interface StoreParts {
  readonly settings: StoreSettings;
  readonly clock: Clock;
  readonly crc: Crc;
  readonly probes: Probes;
  readonly buffers: PageBuffers;
  readonly files: BlockFiles;
  readonly space: BlockSpace;
  readonly state: StoreState;
  readonly journal: Journal;
  readonly locks: KeyLocks;
  readonly applier: PatchApplier;
  readonly bug: StoreBug | undefined;
  /** Ends the store: what is durable is unknown. */
  readonly fail: (error: unknown) => void;
}

/** Journals a record and changes the state when it counts. */
export async function record(parts: StoreParts, entry: StoreRecord): Promise<void> {
  await parts.journal.append(entry, (batch) => parts.state.apply(entry, batch));
}
