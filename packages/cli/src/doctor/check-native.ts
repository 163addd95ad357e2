/** The native parts of the file system: a fallback stands in for each that is off. */
import { type Capability, capabilities } from "@smallpond/fs-native";
import { type Check, missing, ok, warn } from "./check.ts";

export async function checkNative(): Promise<readonly Check[]> {
  const directory = process.env.SP_DATA_ROOT;
  return (await capabilities(directory === undefined ? {} : { directory })).map(checkOf);
}

function checkOf({ name, on, found, enable }: Capability): Check {
  if (on) return ok(name, found);
  if (enable === null) return warn(name, found, "nothing to do: a fallback stands in");
  return missing(name, found, { fix: enable, essential: false });
}
