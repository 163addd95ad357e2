/** Standard output that waits for a slow reader, and stops when the reader has gone (`pond sql … | head`). */
import { once } from "node:events";

export async function writeOut(text: string): Promise<void> {
  const { stdout } = process;
  if (!stdout.write(text)) await once(stdout, "drain");
}

/** A closed pipe is no error of ours: the reader has all it wanted. Cleans up and exits with 0. */
export function onReaderGone(cleanUp: () => Promise<void> = async () => {}): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    void cleanUp().finally(() => process.exit(0));
  });
}
