/** The door of `@smallpond/cli`: the command line as a function. */
export { pond } from "./main.ts";
