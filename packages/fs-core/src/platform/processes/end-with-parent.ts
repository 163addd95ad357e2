/** The child's side of supervision: it ends when its supervisor is gone, also when that was killed. */

/** Set for processes whose standard input is held open by their supervisor. */
export const SUPERVISED = "POND_SUPERVISED";

/** Then the process ends, whatever `leave` does. */
const LEAVE_MS = 5000;

/**
 * Calls `leave` once when the supervisor is gone, and ends the process at the latest 5 s later. Does nothing in processes
 * that have no supervisor.
 */
export function endWithParent(leave: () => void): void {
  if (process.env[SUPERVISED] === undefined) return;
  let gone = false;
  const onGone = (): void => {
    if (gone) return;
    gone = true;
    setTimeout(() => process.exit(1), LEAVE_MS).unref();
    leave();
  };
  process.stdin.on("error", onGone).once("end", onGone).once("close", onGone).resume();
}
