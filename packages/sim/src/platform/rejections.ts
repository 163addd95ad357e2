/** Catches promises that nobody handled, which would end a real process. */

export interface RejectionWatch {
  close(): void;
}

/** Node reports a rejection once the microtasks that could have handled it are done: within the same turn. */
export function watchRejections(onRejection: (error: unknown) => void): RejectionWatch {
  const listener = (error: unknown): void => onRejection(error);
  process.on("unhandledRejection", listener);
  return { close: () => void process.off("unhandledRejection", listener) };
}
