/**
 * A client of a storm, in a process of its own: each worker changes a directory that is its own, one operation after
 * another, and between them one that all clients share. What it is about to do in its own and what it was answered, it
 * prints before and after: lines that are in the pipe outlive the process. Argument: {@link StormOrder} as JSON.
 */
import { writeSync } from "node:fs";
import { type NetAddress, SeededRandom } from "@smallpond/base";
import { META, ROOT_INODE } from "@smallpond/fs-core";
import { connectTestClient } from "../cluster/client.ts";
import { perform, randomOperation } from "./operations.ts";
import type { StormLine } from "./storm-line.ts";

export interface StormOrder {
  readonly name: string;
  readonly services: readonly NetAddress[];
  readonly workers: number;
}

const { name, services, workers } = JSON.parse(process.argv[2] ?? "{}") as StormOrder;
await using client = connectTestClient(services, { timeoutMs: 20_000, attemptMs: 2000 });
const { meta } = client;
await Promise.all(Array.from({ length: workers }, (_, worker) => work(`${name}-${worker}`)));

async function work(own: string): Promise<void> {
  const random = new SeededRandom(own);
  const directory = await make(`own/${own}`);
  const shared = await make("shared");
  tell({ kind: "born", own });
  for (let count = 0; ; count++) {
    const operation = randomOperation(random, `${own}-${count}`);
    tell({ kind: "asked", own, operation });
    tell({ kind: "answered", own, answer: await perform(meta, directory, operation) });
    await perform(meta, shared, randomOperation(random, ""));
  }
}

async function make(path: string) {
  const question = { directory: ROOT_INODE, path, mode: 0o755, parents: true };
  return (await meta.change(META.mkdirs, question)).inode.id;
}

/** At once and whole: nothing of it is lost with the process. */
function tell(line: StormLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
