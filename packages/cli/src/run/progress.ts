/** Has a script's sessions show what they do, while standard error is a terminal. */
import { canShowLine, type Session } from "smallpond";

/** A script that asked for lines in a file keeps them. */
export function showSession(session: Session): void {
  if (canShowLine()) session.showProgress("line");
}
