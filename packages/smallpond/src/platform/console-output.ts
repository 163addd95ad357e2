/** The streams of this process. */

export type OutputStream = "stdout" | "stderr";

/** Passes on what an executor printed, so that `console.log` in a function is seen wherever it runs. */
export function passOn(stream: OutputStream, bytes: Uint8Array): void {
  process[stream].write(bytes);
}
