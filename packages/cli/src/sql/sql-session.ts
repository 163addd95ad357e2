/** A session for queries typed by hand: everything runs in this process. */
import { init, type Session } from "smallpond";

export async function openSession(): Promise<Session> {
  return await init({ jobName: "pond-sql", numExecutors: 0 });
}
