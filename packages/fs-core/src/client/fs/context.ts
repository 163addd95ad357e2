/** What all parts of one client's file system share. */
import type { Clock, Probes, Random } from "@smallpond/base";
import type { BufferPool } from "@smallpond/fs-native";
import type { MetaCaller } from "../../cluster/meta-caller.ts";
import type { Logger } from "../../service/log.ts";
import type { ChunkIo } from "../chunks/chunk-io.ts";
import type { Asking } from "./asking.ts";
import type { ByteBudget } from "./budget.ts";
import type { LocalFiles } from "./local-files.ts";
import type { FsSettings } from "./settings.ts";

/**
 * Bugs planted on request: what the simulator must notice. Never set in production.
 *
 * - `zeros-unasked`: bytes that are missing are zeros, without a look whether the file was cut or replaced.
 * - `end-unasked`: the length known from opening is believed for ever.
 * - `close-unsettled`: a session ends while writes that were given up may still happen.
 * - `stale-ahead`: what was read ahead is served however old it is, also while others write.
 */
export type ClientBug = "zeros-unasked" | "end-unasked" | "close-unsettled" | "stale-ahead";

export interface FileSystemDeps {
  readonly meta: MetaCaller;
  readonly chunks: ChunkIo;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes that are read ahead or gathered lie in its leases. When it has none left, neither is done. */
  readonly pool: BufferPool;
  readonly log: Logger;
  readonly probes: Probes;
  readonly bug?: ClientBug | undefined;
}

export interface FsContext extends FileSystemDeps {
  readonly settings: FsSettings;
  readonly asking: Asking;
  /** Files that this client has open. */
  readonly local: LocalFiles;
  /** Bytes written that storage does not have yet. */
  readonly dirty: ByteBudget;
  /** Bytes read that nobody asked for yet. */
  readonly ahead: ByteBudget;
  /** What small files fit beside their inode, as far as it was learned. */
  readonly inline: { bytesMax: number };
}
