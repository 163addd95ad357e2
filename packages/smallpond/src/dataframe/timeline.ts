/** When each attempt ran, in the Trace Event Format that browsers' profilers open. */
import type { ActionRecorder } from "./recorder.ts";

/** A profiler does not open more. */
const SPANS_MAX = 200_000;

export function timeline(actions: readonly ActionRecorder[]): object {
  const spans: object[] = [];
  for (const action of actions) addSpans(spans, action);
  const traceEvents = spans.slice(0, SPANS_MAX);
  const left = spans.length - traceEvents.length;
  return { displayTimeUnit: "ms", traceEvents, ...(left === 0 ? {} : { otherData: { spansLeftOut: left } }) };
}

function addSpans(spans: object[], action: ActionRecorder): void {
  const open = new Map<string, number>();
  for (const event of action.events) {
    if (!("task" in event)) continue;
    const key = `${event.stage}/${event.task}/${event.attempt}`;
    if (event.kind === "task-started") {
      open.set(key, event.atMs);
      continue;
    }
    const start = open.get(key) ?? event.atMs;
    open.delete(key);
    spans.push({
      name: `${action.stages.get(event.stage)?.name ?? ""} [${event.task}]`,
      cat: event.kind,
      ph: "X",
      ts: start * 1000,
      dur: (event.atMs - start) * 1000,
      pid: action.index,
      tid: event.task,
    });
  }
}
