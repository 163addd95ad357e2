/** The process's variables. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
