/** The door of `smallpond/bundling`: users' modules and what they import as one, for the command line. */
export { type BuildRequest, type BuiltModule, buildModule, inlineMap, stopBuilding } from "./build-module.ts";
export { LOADERS } from "./loaders.ts";
