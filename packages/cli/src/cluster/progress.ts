/** Lines for people while they wait: on standard error, and only at a terminal. */

export function progressLine(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}
