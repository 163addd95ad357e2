/** Expected outcomes as values (style rule 21): what a caller must look at before going on. */
import type { PondError } from "./errors.ts";

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

/** A value, or the reason there is none. */
export type Result<T, E = PondError> = Ok<T> | Err<E>;

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}

/** The value, or the error thrown: for callers to whom the outcome was not expected after all. */
export function unwrap<T, E>(result: Result<T, E>): T {
  if (result.ok) return result.value;
  throw result.error;
}
