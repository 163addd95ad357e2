/** Which name means what: eslint-scope over acorn's trees, and the names that every process has. */
import type { AnyNode, Identifier, Program } from "acorn";
import { analyze, type Reference, type Scope, type Variable } from "eslint-scope";

export type { Reference, Scope, Variable };

/** What a text is: it decides about strict mode and about what lies at its top. */
export type SourceType = "module" | "commonjs";

export interface Scopes {
  /** Where the top level's names are. */
  readonly top: Scope;
  /** The scope that a function's parameters and body are in. */
  inside(node: AnyNode): Scope | null;
  /** Uses of names that the text does not declare. */
  readonly unresolved: readonly Reference[];
  /** What an identifier means; null when the text does not declare it, undefined when it is no use of a variable. */
  variableOf(identifier: AnyNode): Variable | null | undefined;
}

export function scopesOf(program: Program, sourceType: SourceType): Scopes {
  // What `eval` might declare is left to the one who writes it: names are what the text says.
  const manager = analyze(program as never, { ecmaVersion: 2024, sourceType, ignoreEval: true });
  const references = new Map<unknown, Reference>();
  for (const scope of manager.scopes) {
    for (const reference of scope.references) references.set(reference.identifier, reference);
  }
  const global = manager.globalScope!;
  return {
    top: global.childScopes[0] ?? global,
    inside: (node) => manager.acquire(node as never, true),
    unresolved: global.through,
    variableOf: (identifier) => {
      const reference = references.get(identifier);
      return reference === undefined ? undefined : reference.resolved;
    },
  };
}

/** eslint-scope keeps the nodes it was given; its types speak of another package's. */
export function identifierOf(reference: Reference): Identifier {
  return reference.identifier as unknown as Identifier;
}

const JAVASCRIPT = `undefined NaN Infinity globalThis eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent
encodeURI encodeURIComponent escape unescape Object Function Boolean Symbol Error AggregateError EvalError RangeError
ReferenceError SyntaxError TypeError URIError SuppressedError Number BigInt Math Date String RegExp Array Int8Array
Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array
Float32Array Float64Array Map Set WeakMap WeakSet WeakRef FinalizationRegistry ArrayBuffer SharedArrayBuffer DataView
Atomics JSON Promise Iterator Reflect Proxy Intl WebAssembly Temporal DisposableStack AsyncDisposableStack`;

const NODE = `AbortController AbortSignal Blob BroadcastChannel Buffer ByteLengthQueuingStrategy CloseEvent
CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException DecompressionStream Event EventSource
EventTarget File FormData Headers MessageChannel MessageEvent MessagePort Navigator Performance PerformanceEntry
PerformanceMark PerformanceMeasure PerformanceObserver ReadableStream ReadableStreamDefaultReader Request Response
Storage SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream URL URLPattern
URLSearchParams WebSocket WritableStream atob btoa clearImmediate clearInterval clearTimeout console crypto fetch global
navigator performance process queueMicrotask setImmediate setInterval setTimeout structuredClone`;

/** Names that are there in every process of Node. What a script adds to `globalThis` is not among them. */
export const GLOBALS: ReadonlySet<string> = new Set(`${JAVASCRIPT} ${NODE}`.split(/\s+/));
