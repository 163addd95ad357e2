/** What to do when this process has nothing left to do. */

const atEnd = new Set<() => Promise<void>>();

/** Has `work` done before the process ends by itself, unless it is taken back by calling what is returned. */
export function beforeProcessEnds(work: () => Promise<void>): () => void {
  if (atEnd.size === 0) process.on("beforeExit", runAll);
  atEnd.add(work);
  return () => {
    atEnd.delete(work);
    if (atEnd.size === 0) process.off("beforeExit", runAll);
  };
}

function runAll(): void {
  for (const work of [...atEnd]) void work();
}
