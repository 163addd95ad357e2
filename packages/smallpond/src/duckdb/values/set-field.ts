/** Assignment that also works for the one name JavaScript treats specially. */

/** `target[name] = value`; a field called `__proto__` becomes a field and not the prototype. */
export function setField<T>(target: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") {
    target[name] = value;
    return;
  }
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
