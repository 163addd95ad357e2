/** A supervisor in a process of its own, to be killed: it prints the pids of its children. */
import { NodeClock } from "@smallpond/base/platform/node";
import { Supervisor } from "../../src/platform/processes/supervisor.ts";
import { silentLogger } from "../../src/service/log.ts";

const [entry, ...loaders] = process.argv.slice(2);
const supervisor = new Supervisor({ clock: new NodeClock(), log: silentLogger(), onDeath: async () => {} });
for (const name of ["a", "b"]) {
  await supervisor.add({ name, command: process.execPath, args: [...loaders, entry!, "serve"] });
}
console.log(JSON.stringify(supervisor.children.map(({ pid }) => pid)));
