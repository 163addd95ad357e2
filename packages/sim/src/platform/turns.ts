/**
 * Pumps a scheduler through Node's event loop, one turn per event.
 *
 * Each event runs in a `setImmediate` callback of its own. Node empties the `nextTick` and microtask queues after every
 * such callback, before the next one, even within one batch; so when an event begins, nothing that an earlier one
 * caused is still waiting, however long its promise chain was. Nothing is guessed, and a turn costs about 0.1 µs.
 *
 * Timers, sockets and the thread pool report in other phases of the loop, so never within a batch. `leave` runs at the
 * end of each batch and `enter` at the start of the next: code that runs in between was woken by the real world.
 */
export interface TurnHooks {
  enter(): void;
  /** One event; false when there is nothing more to do. */
  step(): boolean;
  leave(): void;
}

/** Large enough to make the loop's other phases cheap, small enough that a run stops soon after its last event. */
const BATCH_TURNS = 64;

/** Resolves after the step that returned false, or rejects with what a step threw. */
export function runTurns(hooks: TurnHooks): Promise<void> {
  return new Promise((resolve, reject) => {
    let finish: (() => void) | undefined;
    nextBatch();

    function nextBatch(): void {
      setImmediate(hooks.enter);
      for (let turn = 0; turn < BATCH_TURNS; turn++) setImmediate(takeTurn);
      setImmediate(endBatch);
    }

    function takeTurn(): void {
      if (finish !== undefined) return;
      try {
        if (!hooks.step()) finish = resolve;
      } catch (error) {
        finish = () => reject(error);
      }
    }

    function endBatch(): void {
      hooks.leave();
      if (finish === undefined) nextBatch();
      else finish();
    }
  });
}
