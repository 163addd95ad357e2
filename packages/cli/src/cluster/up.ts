/** Starts a cluster of this machine: here until Ctrl-C, or in the background. */

import { directoryOf } from "../commands/cluster/options.ts";
import type { UpFlags } from "../commands/cluster/up.ts";
import { jsonText } from "../output/json-text.ts";
import { startInBackground } from "./background.ts";
import { runHere } from "./foreground.ts";
import { progressLine } from "./progress.ts";
import { runningUrl } from "./running-url.ts";

export async function clusterUp(flags: UpFlags): Promise<void> {
  const directory = directoryOf(flags);
  const tell = (url: string): void => console.log(flags.json === true ? jsonText({ url, directory }) : url);
  if (flags.foreground === true) {
    await runHere(directory, flags, tell);
    return;
  }
  const url = await runningUrl(directory, flags);
  if (url !== undefined) {
    console.error(`the cluster in ${directory} runs already`);
    tell(url);
    return;
  }
  const started = await startInBackground(directory, flags, progressLine);
  if (started !== undefined) tell(started);
}
