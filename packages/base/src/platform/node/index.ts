/** The real machine, through Node. Edges (a `main`, the CLI, a test) construct these and pass them in. */
export { NodeClock } from "./clock.ts";
export { NodeDisk } from "./disk.ts";
export { connected, NodeNet } from "./net.ts";
export { NodeConnection } from "./net-connection.ts";
export { toNetError } from "./net-errors.ts";
export { NodeListener } from "./net-listener.ts";
export { NodeRandom } from "./random.ts";
