/** Tells hosts of a script, such as `pond run`, which sessions it opens, so that they can close and report them. */
import type { Session } from "./session.ts";

/** Called with each session that is opened from now on. It must not throw. */
export type SessionListener = (session: Session) => void;

// Shared by every copy of this package in the process: a script may have its own.
const LISTENERS = Symbol.for("smallpond/session-listeners");

/** Returns how to stop listening. */
export function watchSessions(listener: SessionListener): () => void {
  const all = listeners();
  all.add(listener);
  return () => all.delete(listener);
}

export function announceSession(session: Session): void {
  for (const listener of listeners()) listener(session);
}

function listeners(): Set<SessionListener> {
  const shared = globalThis as { [LISTENERS]?: Set<SessionListener> };
  shared[LISTENERS] ??= new Set();
  return shared[LISTENERS];
}
