export type { Program, Seams } from "./world/process.ts";
export { SimWorld, type WorldSettings } from "./world/world.ts";
