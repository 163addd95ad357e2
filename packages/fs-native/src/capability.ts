/** What this machine offers, for people and for those who choose between ways. */

export type CapabilityName =
  | "core addon"
  | "crc32c"
  | "io_uring"
  | "direct I/O"
  | "huge pages"
  | "locked memory"
  | "fuse"
  | "fabric";

export interface Capability {
  readonly name: CapabilityName;
  readonly on: boolean;
  /** What was found, or why it is off. */
  readonly found: string;
  /** The one command or setting that turns it on; null when it is on, or when nothing does. */
  readonly enable: string | null;
}

export function on(name: CapabilityName, found: string): Capability {
  return { name, on: true, found, enable: null };
}

export function off(name: CapabilityName, found: string, enable: string | null): Capability {
  return { name, on: false, found, enable };
}
