/** What a look at the machine says, and the words for it. */
export interface Check {
  readonly name: string;
  readonly status: "ok" | "warn" | "missing";
  /** What was found. */
  readonly found: string;
  /** The one command or setting that mends it. */
  readonly fix?: string;
  /** Without it nothing runs. */
  readonly essential?: boolean;
}

export function ok(name: string, found: string): Check {
  return { name, status: "ok", found };
}

export function warn(name: string, found: string, fix: string): Check {
  return { name, status: "warn", found, fix };
}

export function missing(
  name: string,
  found: string,
  options: { readonly fix: string; readonly essential: boolean },
): Check {
  return { name, status: "missing", found, ...options };
}
