/** Loads an addon, or says why it is not there. Above this nobody names a file of the build. */
import { createRequire } from "node:module";

export type Loaded<T> =
  | { readonly kind: "loaded"; readonly addon: T }
  | { readonly kind: "missing"; readonly reason: string };

/** For tests and benchmarks of the fallbacks, and for people whose kernel misbehaves. */
const OFF = "POND_NATIVE";

/** `core` or `fabric`, from `build/` beside `src` and `dist`. */
export function loadAddon<T>(name: "core" | "fabric"): Loaded<T> {
  if (process.env[OFF] === "off") return { kind: "missing", reason: `${OFF}=off` };
  const folder = process.env[OFF] === "sanitized" ? "build/sanitized" : "build";
  try {
    return { kind: "loaded", addon: createRequire(import.meta.url)(`../../${folder}/${name}.node`) as T };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { kind: "missing", reason: code === "MODULE_NOT_FOUND" ? "not built" : message };
  }
}
