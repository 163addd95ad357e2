/** What can be set about open files, with defaults. */

export interface SessionSettings {
  /** How long what `open` grants is good for without a sync. */
  readonly capabilityMs: number;
  /** A client must be gone for this long, as the service's own clock counts, before its sessions are taken away. */
  readonly clientGraceMs: number;
  /** How often clients are looked at. */
  readonly reapEveryMs: number;
  /** Sessions of one client revoked in one step. */
  readonly reapBatch: number;
  /** How long a client that was given up is remembered: longer than any message of it can be under way. */
  readonly revokedClientKeptMs: number;
  /** How long the collector leaves data alone that a file which outgrew its inode is moving to. */
  readonly spillMs: number;
}

export const DEFAULT_SESSION_SETTINGS: SessionSettings = {
  capabilityMs: 3_600_000,
  clientGraceMs: 30_000,
  reapEveryMs: 10_000,
  reapBatch: 100,
  revokedClientKeptMs: 86_400_000,
  spillMs: 600_000,
};
