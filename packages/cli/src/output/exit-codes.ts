/** What `pond` exits with, besides 0. */
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;
/** 128 + the number of SIGINT, as shells say it. */
export const EXIT_INTERRUPTED = 130;
