/** Everything that breaks things. */
export { badClocks } from "./clocks.ts";
export { crashesAtCalls, kills, pauses, powerCuts } from "./crashes.ts";
export { bitRot, diskErrors, fullDisks, slowDisks } from "./disks.ts";
export { badLinks } from "./links.ts";
export { badMessages } from "./messages.ts";
export { around, type NemesisTiming, partitions, pick, strikeOften } from "./partitions.ts";
export { storeFaults } from "./store.ts";
