/** What nobody can do any more to memory that has no name: F_SEAL_ of fcntl(2). */

/** Add further seals. */
export const SEAL_ITSELF = 1;
export const SEAL_SHRINK = 2;
export const SEAL_GROW = 4;
/** Map it to write, or write to it; what is mapped already can still be written to. */
export const SEAL_FUTURE_WRITE = 16;
