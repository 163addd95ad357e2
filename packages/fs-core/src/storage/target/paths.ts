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

/** Where the directory of a target has its name. */
export function parentPath(directory: string): string {
  return directory.slice(0, Math.max(1, directory.lastIndexOf("/")));
}
