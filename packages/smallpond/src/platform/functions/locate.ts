/** Where V8 has a function: the text it runs and the place in it. Asked of the debugger's protocol, in this process. */
import { type Debugger, type Runtime, Session } from "node:inspector";

export interface RunningScript {
  /** `file:///home/me/job.ts`, a path, or whatever its loader called it. */
  readonly url: string;
  readonly text: string;
  readonly isModule: boolean;
  /** Of its source map; empty when it has none. */
  readonly mapUrl: string;
}

export interface Place {
  readonly script: RunningScript;
  /** Of the first character of the parameters, in characters. */
  readonly offset: number;
}

type FunctionValue = (...args: never) => unknown;

/** Of each function, undefined for those that no script has, such as `JSON.parse`. */
export function locate(functions: readonly FunctionValue[]): (Place | undefined)[] {
  const session = new Session();
  session.connect();
  try {
    const parsed = new Map<string, Debugger.ScriptParsedEventDataType>();
    session.on("Debugger.scriptParsed", ({ params }) => parsed.set(params.scriptId, params));
    session.post("Debugger.enable");
    const scripts = new Map<string, RunningScript>();
    return functions.map((fn) => {
      const location = locationOf(session, fn);
      const event = location && parsed.get(location.scriptId);
      if (location === undefined || event === undefined) return undefined;
      const script = scripts.get(location.scriptId) ?? scriptOf(session, event);
      scripts.set(location.scriptId, script);
      return { script, offset: offsetOf(script.text, location, event) };
    });
  } finally {
    session.post("Debugger.disable");
    session.disconnect();
  }
}

// The protocol names values by expressions, so the function has to be somewhere for a moment.
const ASKED: unique symbol = Symbol.for("smallpond/located-function") as never;
const EXPRESSION = 'globalThis[Symbol.for("smallpond/located-function")]';

function locationOf(session: Session, fn: FunctionValue): Debugger.Location | undefined {
  const holder = globalThis as { [ASKED]?: FunctionValue };
  holder[ASKED] = fn;
  try {
    const { result } = ask<Runtime.EvaluateReturnType>((done) =>
      session.post("Runtime.evaluate", { expression: EXPRESSION, objectGroup: "smallpond" }, done),
    );
    const { internalProperties } = ask<Runtime.GetPropertiesReturnType>((done) =>
      session.post("Runtime.getProperties", { objectId: result.objectId!, ownProperties: true }, done),
    );
    const location = internalProperties?.find(({ name }) => name === "[[FunctionLocation]]");
    return location?.value?.value as Debugger.Location | undefined;
  } finally {
    delete holder[ASKED];
    session.post("Runtime.releaseObjectGroup", { objectGroup: "smallpond" });
  }
}

function scriptOf(session: Session, event: Debugger.ScriptParsedEventDataType): RunningScript {
  const { scriptSource } = ask<Debugger.GetScriptSourceReturnType>((done) =>
    session.post("Debugger.getScriptSource", { scriptId: event.scriptId }, done),
  );
  return {
    url: event.url,
    text: scriptSource,
    isModule: event.isModule ?? false,
    mapUrl: event.sourceMapURL ?? "",
  };
}

/** In a session of the same process, answers come before `post` returns. */
function ask<T>(post: (done: (error: Error | null, answer?: T) => void) => void): T {
  let answer: T | undefined;
  let failure: Error | null = null;
  post((error, result) => {
    failure = error;
    answer = result;
  });
  if (failure !== null) throw failure;
  return answer!;
}

/** Lines and columns of the protocol count from 0, from where the script starts in its file. */
function offsetOf(
  text: string,
  { lineNumber, columnNumber = 0 }: Debugger.Location,
  { startLine, startColumn }: Debugger.ScriptParsedEventDataType,
): number {
  const line = lineNumber - startLine;
  let start = 0;
  for (let at = 0; at < line; at++) {
    const end = /\r\n|[\n\r\u2028\u2029]/g;
    end.lastIndex = start;
    end.exec(text);
    start = end.lastIndex;
  }
  return start + columnNumber - (line === 0 ? startColumn : 0);
}
