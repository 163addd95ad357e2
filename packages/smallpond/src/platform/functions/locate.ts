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

// V8 never uses the number of a script again, and what a script says does not change.
const known = new Map<string, RunningScript>();
const KNOWN_MAX = 32;

type FunctionValue = (...args: never) => unknown;

/** Of each function, undefined for those that no script has, such as `JSON.parse`. */
export function locate(functions: readonly FunctionValue[]): (Place | undefined)[] {
  const session = new Session();
  session.connect();
  try {
    const parsed = new Map<string, Debugger.ScriptParsedEventDataType>();
    session.on("Debugger.scriptParsed", ({ params }) => parsed.set(params.scriptId, params));
    session.post("Debugger.enable");
    return functions.map((fn) => {
      const location = locationOf(session, fn);
      const event = location && parsed.get(location.scriptId);
      if (location === undefined || event === undefined) return undefined;
      const script = known.get(location.scriptId) ?? scriptOf(session, event);
      if (!known.has(location.scriptId) && known.size >= KNOWN_MAX) known.delete(known.keys().next().value!);
      known.set(location.scriptId, script);
      return { script, offset: offsetOf(script.text, location, event) };
    });
  } finally {
    session.post("Runtime.releaseObjectGroup", { objectGroup: GROUP });
    session.post("Debugger.disable");
    session.disconnect();
  }
}

/** What names around a function hold now; names that are not there, or hold no object, are left out. */
export function valuesAround(fn: FunctionValue, names: ReadonlySet<string>): Map<string, unknown> {
  const session = new Session();
  session.connect();
  try {
    const values = new Map<string, unknown>();
    const scopes = propertiesOf(session, handleOf(session, fn)).internalProperties?.find(
      ({ name }) => name === "[[Scopes]]",
    )?.value?.objectId;
    if (scopes === undefined) return values;
    for (const { value: scope } of propertiesOf(session, scopes).result) {
      // The last one is the global object, whose thousand names are none of the file's.
      if (scope?.objectId === undefined || scope.description === "Global") continue;
      for (const { name, value } of propertiesOf(session, scope.objectId).result) {
        if (!names.has(name) || values.has(name) || value?.objectId === undefined) continue;
        values.set(name, liveValue(session, value.objectId));
      }
    }
    return values;
  } finally {
    session.post("Runtime.releaseObjectGroup", { objectGroup: GROUP });
    session.disconnect();
  }
}

// The protocol knows values by handles, and gets and gives them only through something that both can see.
const SHARED: unique symbol = Symbol.for("smallpond/located-function") as never;
const EXPRESSION = 'globalThis[Symbol.for("smallpond/located-function")]';
const GROUP = "smallpond";

interface Shared {
  [SHARED]?: unknown;
}

function handleOf(session: Session, fn: FunctionValue): string {
  const holder = globalThis as Shared;
  holder[SHARED] = fn;
  try {
    const { result } = ask<Runtime.EvaluateReturnType>((done) =>
      session.post("Runtime.evaluate", { expression: EXPRESSION, objectGroup: GROUP }, done),
    );
    return result.objectId!;
  } finally {
    delete holder[SHARED];
  }
}

function liveValue(session: Session, objectId: string): unknown {
  const holder = globalThis as Shared;
  const functionDeclaration = `function () { ${EXPRESSION} = this; }`;
  try {
    ask<unknown>((done) => session.post("Runtime.callFunctionOn", { objectId, functionDeclaration }, done));
    return holder[SHARED];
  } finally {
    delete holder[SHARED];
  }
}

function propertiesOf(session: Session, objectId: string): Runtime.GetPropertiesReturnType {
  return ask((done) => session.post("Runtime.getProperties", { objectId, ownProperties: true }, done));
}

function locationOf(session: Session, fn: FunctionValue): Debugger.Location | undefined {
  const { internalProperties } = propertiesOf(session, handleOf(session, fn));
  const location = internalProperties?.find(({ name }) => name === "[[FunctionLocation]]");
  return location?.value?.value as Debugger.Location | undefined;
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
