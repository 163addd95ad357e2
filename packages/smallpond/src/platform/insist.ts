/** Asking again what may have been missed. */

const EVERY_MS = 10;

/** Calls `ask` now and again until the promise is settled, whichever way. */
export async function insist(until: Promise<unknown>, ask: () => void): Promise<void> {
  ask();
  const timer = setInterval(ask, EVERY_MS);
  try {
    await until;
  } catch {
    // Somebody else hears of that.
  } finally {
    clearInterval(timer);
  }
}
