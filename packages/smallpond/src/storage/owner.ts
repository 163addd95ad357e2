/** Who made a temporary directory, so that others can tell one in use from one left behind. */

export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the system's own terms: process ids are used again. Empty where not known. */
  readonly started: string;
}

/** What a session needs to know about owners. */
export interface Owners {
  /** This process. */
  readonly self: Owner;
  /** Whether the process is still there. Those of other hosts count as being there: nobody here can tell. */
  isAlive(owner: Owner): boolean;
}

/**
 * The owner as part of a file name: a name is there or not, where a file's content can be cut short. `~` is in no host
 * name.
 */
export function ownerName({ host, pid, started }: Owner): string {
  return `${encodeURIComponent(host)}~${pid}~${started}`;
}

/** The owner that a name says, if it says one. */
export function ownerOfName(name: string): Owner | undefined {
  const [, host, pid, started] = /^(.+)~(\d+)~(\d*)$/.exec(name) ?? [];
  if (host === undefined || started === undefined) return undefined;
  return { host: decodeURIComponent(host), pid: Number(pid), started };
}
