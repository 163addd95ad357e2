/** How the functions of a session leave its process, checked when a plan is made, and how code becomes a function. */
import type { Disk } from "@smallpond/base";
import { captureFunction } from "../platform/functions/capture.ts";
import { loadFunction } from "../platform/functions/load.ts";
import { userLine } from "../platform/functions/user-line.ts";
import type { FunctionShipping } from "./function-registry.ts";

/** `directory` is where code that is more than text is kept for executors. */
export function functionShipping(disk: Disk, directory: string): FunctionShipping {
  return {
    capture: (fn, name) => captureFunction(fn, { name, disk, directory }),
    load: loadFunction,
    location: userLine,
  };
}
