/**
 * Ends this process when its parent is gone, also while a function of the user's keeps the event loop busy: a closed
 * channel is only heard of between two events, and a function in an endless loop would outlive its job.
 */
import { Worker } from "node:worker_threads";

const LOOK_MS = 1_000;

/** A thread of its own, because nothing else runs while JavaScript does. As text: there is no file to find when bundled. */
const WATCH = `
const { workerData } = require("node:worker_threads");
setInterval(() => {
  if (process.ppid !== workerData.parent) process.kill(process.pid, "SIGKILL");
}, workerData.everyMs);
`;

let watching = false;

/** Starts watching, once. Costs a thread, so only processes that call functions do. */
export function watchParent(): void {
  if (watching) return;
  watching = true;
  const workerData = { parent: process.ppid, everyMs: LOOK_MS };
  new Worker(WATCH, { eval: true, workerData, stdout: false, stderr: false }).unref();
}
