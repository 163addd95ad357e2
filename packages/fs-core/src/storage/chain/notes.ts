/** Notes that all replicas of a chain take down: sent on first, so that who is asked knows that all behind have them. */
import type { SignalOptions } from "@smallpond/base";
import { keyText } from "../model/chunk.ts";
import type { ChainAt } from "../protocol/common.ts";
import type { ChainNote, NoteQuestion } from "../protocol/forward.ts";
import type { DoneOrRefused } from "../protocol/outcome.ts";
import { checkNow, enter } from "./enter.ts";
import { refuse, refusedBy } from "./refusals.ts";
import type { Replica } from "./replica.ts";
import type { Turn } from "./turns.ts";

/** A predecessor's. */
export async function noted(replica: Replica, question: NoteQuestion): Promise<DoneOrRefused> {
  await enter(replica, question, "successor");
  const { heard } = replica;
  heard.hear(question.link);
  if (heard.isOld(question.link)) throw refuse("STALE_REQUEST", "a copy of a note that was answered");
  const work = async (): Promise<DoneOrRefused> => {
    try {
      if (replica.role.kind === "syncing") await replica.deps.sink.begin(replica, question.chainVersion);
      await applyNote(replica, question, question.note, { as: "successor" });
      return { kind: "done" };
    } catch (error) {
      return refusedBy(error);
    }
  };
  const outcome = await heard.once(question.link, work);
  return outcome.kind === "refused" ? outcome : { kind: "done" };
}

export async function applyNote(
  replica: Replica,
  at: ChainAt,
  note: ChainNote,
  options: SignalOptions & { readonly as: "head" | "successor" },
): Promise<void> {
  const turns: Turn[] = [];
  try {
    if (note.kind === "remove") {
      // In one order for all, or two could wait for each other.
      for (const chunk of note.chunks)
        turns.push(await replica.turns.take(keyText({ ...note.file, chunk }), options));
    }
    checkNow(replica, at, options.as);
    const { role } = replica;
    if (role.kind === "serving" && role.successor !== undefined) await replica.sendNote(note, options);
    checkNow(replica, at, options.as);
    await replica.arriving.run(undefined, () => takeDown(replica, note));
  } finally {
    for (const turn of turns) turn.release();
  }
}

async function takeDown({ store }: Replica, note: ChainNote): Promise<void> {
  switch (note.kind) {
    case "remove":
      return await store.removeChunks(note.file, note.chunks);
    case "truncated":
      return await store.noteTruncated({ file: note.file, truncateVersion: note.truncateVersion });
    case "revoked":
      return await store.revoke({ sessions: note.sessions, untilMs: note.untilMs });
    default:
      return note satisfies never;
  }
}
