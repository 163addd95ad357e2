/** How actions run: recorded, stopped with their signal or the session, and with the memory of this process watched. */
import { PondError } from "@smallpond/base";
import { type MemoryWatch, watchMemory } from "../execution/memory-watch.ts";
import type { LogicalNode } from "../logical/node.ts";
import type { ActionOptions, Reading } from "./engine.ts";
import type { FrameHost } from "./frame-host.ts";
import type { ActionRecorder } from "./recorder.ts";

/** An action that reads a frame. */
export interface ReadRequest {
  /** `takeAll()` */
  readonly name: string;
  readonly node: LogicalNode;
  readonly options: ActionOptions;
}

/** Does the work of one action. */
export async function runAction<T>(
  host: FrameHost,
  { name, options }: Omit<ReadRequest, "node">,
  work: (signal: AbortSignal, action: ActionRecorder) => Promise<T>,
): Promise<T> {
  host.expectOpen();
  options.signal?.throwIfAborted();
  using watch = watchAction(host, name, options.signal ?? new AbortController().signal);
  return await host.engine.recorder.record(name, options.signal, async (action) => {
    action.stop = (reason) => watch.abort(reason);
    try {
      return await work(watch.signal, action);
    } finally {
      action.peakMemoryBytes = watch.peakBytes();
    }
  });
}

/** An action that reads a frame to its end. What fails while it reads is told with its step. */
export async function readAction<T>(
  host: FrameHost,
  request: ReadRequest & { readonly observe: "rows" | "order" },
  read: (reading: Reading, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { engine } = host;
  return await runAction(host, request, async (signal, action) => {
    await using reading = await engine.read(request.node, request.observe, { signal, action });
    try {
      return await read(reading, signal);
    } catch (error) {
      throw await engine.explainFailure(reading.root, error);
    }
  });
}

/** An action that hands out its result piece by piece; leaving early interrupts it. */
export async function* streamAction<T>(
  host: FrameHost,
  { name, node, options }: ReadRequest,
  read: (reading: Reading, signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  host.expectOpen();
  const { engine } = host;
  const leave = new AbortController();
  const outer = options.signal === undefined ? leave.signal : AbortSignal.any([leave.signal, options.signal]);
  using watch = watchAction(host, name, outer);
  const action = engine.recorder.begin(name);
  action.stop = (reason) => watch.abort(reason);
  try {
    await using reading = await engine.read(node, "order", { signal: watch.signal, action });
    try {
      yield* read(reading, watch.signal);
    } catch (error) {
      throw watch.signal.aborted ? watch.signal.reason : await engine.explainFailure(reading.root, error);
    } finally {
      leave.abort(new PondError("LEFT", { kind: "closed", message: "the loop was left" }));
    }
  } catch (error) {
    engine.recorder.fail(action, options.signal, error);
    throw error;
  } finally {
    action.peakMemoryBytes = watch.peakBytes();
    // A loop that was left has not failed.
    engine.recorder.end(action);
  }
}

/** Actions run in the user's process, whose memory has a limit too. */
function watchAction(host: FrameHost, label: string, signal: AbortSignal): MemoryWatch {
  const { clock, residentBytes, settings } = host;
  return watchMemory({ clock, residentBytes }, { limitBytes: settings.memoryBytes, label, signal });
}
