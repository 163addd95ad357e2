/**
 * Two questions a program may ask its surroundings so that tests reach its rare branches. In production both do
 * nothing: pass {@link NO_PROBES}.
 */
export interface Probes {
  /** Says that a rare branch was reached. A run reports which marks it saw, and a test fails if some never are. */
  mark(name: string): void;

  /**
   * Whether to do the unlikely but legal thing here: time out early, send one byte at a time, skip a cache. Always
   * false in production. In a simulation each name is on in some runs, and there true with `probability`.
   */
  buggify(name: string, probability?: number): boolean;
}

/** What production passes. */
export const NO_PROBES: Probes = Object.freeze({ mark: () => {}, buggify: () => false });
