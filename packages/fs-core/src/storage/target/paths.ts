/** Where things lie in a target's directory. */

export function blocksPath(directory: string): string {
  return `${directory}/blocks`;
}

export function journalPath(directory: string): string {
  return `${directory}/journal`;
}

export function checkpointPath(directory: string): string {
  return `${directory}/checkpoint`;
}
