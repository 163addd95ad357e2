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

export function ownerFromJson(text: string): Owner | undefined {
  try {
    const { host, pid, started } = JSON.parse(text) as Partial<Owner>;
    if (typeof host !== "string" || typeof pid !== "number" || typeof started !== "string") return undefined;
    return { host, pid, started };
  } catch {
    return undefined;
  }
}
