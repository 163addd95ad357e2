/** The work on our metadata, for whoever can be called: the service in this process, or connections to another. */
import type { InodeId, MetaCaller } from "@smallpond/fs-core";
import { META, ROOT_INODE } from "@smallpond/fs-core";
import type { BenchContext } from "../../harness/benchmark.ts";
import {
  BATCH,
  DIRECTORIES,
  directoriesOf,
  LISTED,
  type MetaWork,
  operationsOf,
  runAll,
} from "./workload.ts";

/** Callers of one client, over a connection each. */
export type Callers = readonly MetaCaller[];

/** How many at once fill what reading finds. */
const FILL_IN_FLIGHT = 256;

/** What a round works on. */
interface Ready {
  readonly directories: readonly InodeId[];
  /** Of `stat-batch`. */
  readonly inodes: readonly InodeId[];
}

export class OurFiles {
  readonly #callers: Callers;
  readonly #work: MetaWork;
  readonly #operations: number;
  /** What all rounds of work that only reads share. */
  #shared: Ready | undefined;

  constructor(callers: Callers, work: MetaWork, context: BenchContext) {
    this.#callers = callers;
    this.#work = work;
    this.#operations = operationsOf(work, context);
  }

  /** Makes what the round needs. */
  async prepare(round: number): Promise<Ready> {
    const { operation } = this.#work;
    switch (operation) {
      case "create-one":
      case "create-many":
        return { directories: await this.#makeDirectories(`${operation}-${round}`), inodes: [] };
      case "rename": {
        const directories = await this.#makeDirectories(`rename-${round}`);
        await this.#fill(this.#operations, (index) => ({ directory: directories[0]!, name: index }));
        return { directories, inodes: [] };
      }
      case "stat":
      case "stat-batch":
      case "readdir":
        this.#shared ??= await this.#prepareReads();
        return this.#shared;
      default:
        return operation satisfies never;
    }
  }

  async run(ready: Ready): Promise<void> {
    const { inFlight, operation } = this.#work;
    const one = this.#operation(ready);
    const count = operation === "stat-batch" ? this.#operations / BATCH : this.#operations;
    await runAll(count, inFlight, one);
  }

  #operation({ directories, inodes }: Ready): (index: number) => Promise<unknown> {
    const { operation } = this.#work;
    const of = (index: number): InodeId => directories[index % directories.length]!;
    switch (operation) {
      case "create-one":
      case "create-many":
        return (index) => this.#create(index, of(index));
      case "rename": {
        const [from, to] = [directories[0]!, directories[1]!];
        return (index) => this.#rename(index, from, to);
      }
      case "stat":
        return (index) => this.#caller(index).ask(META.lookup, { directory: of(index), name: nameOf(index) });
      case "stat-batch":
        return (index) =>
          this.#caller(index).ask(META.batchStat, {
            inodes: inodes.slice(index * BATCH, (index + 1) * BATCH),
          });
      case "readdir":
        return (index) => this.#list(index, of(index));
      default:
        return operation satisfies never;
    }
  }

  async #prepareReads(): Promise<Ready> {
    const { operation } = this.#work;
    const directories = await this.#makeDirectories(operation);
    const listed = operation === "readdir";
    const used = listed ? Math.min(DIRECTORIES, this.#operations) : DIRECTORIES;
    const count = listed ? used * LISTED : this.#operations;
    const inodes = await this.#fill(count, (index) => ({
      directory: directories[index % used]!,
      name: listed ? Math.floor(index / used) : index,
    }));
    return { directories, inodes };
  }

  async #makeDirectories(name: string): Promise<readonly InodeId[]> {
    const directories: InodeId[] = [];
    for (let index = 0; index < directoriesOf(this.#work); index++) {
      const path = `${name}/d${index}`;
      const question = { directory: ROOT_INODE, path, mode: 0o755, parents: true };
      directories.push((await this.#caller(index).change(META.mkdirs, question)).inode.id);
    }
    return directories;
  }

  async #fill(
    count: number,
    placeOf: (index: number) => { readonly directory: InodeId; readonly name: number },
  ): Promise<readonly InodeId[]> {
    const inodes: InodeId[] = new Array(count);
    await runAll(count, FILL_IN_FLIGHT, async (index) => {
      const { directory, name } = placeOf(index);
      inodes[index] = await this.#create(name, directory);
    });
    return inodes;
  }

  async #create(index: number, directory: InodeId): Promise<InodeId> {
    const question = {
      place: { directory, under: "", name: nameOf(index) },
      kind: "file",
      mode: 0o644,
      rdev: 0,
      exclusive: true,
    } as const;
    return (await this.#caller(index).change(META.create, question)).inode.id;
  }

  #rename(index: number, from: InodeId, to: InodeId): Promise<unknown> {
    const name = nameOf(index);
    return this.#caller(index).change(META.rename, {
      from: { directory: from, under: "", name },
      to: { directory: to, under: "", name },
      mode: "noreplace",
    });
  }

  async #list(index: number, directory: InodeId): Promise<void> {
    let after: string | undefined;
    let seen = 0;
    for (;;) {
      const question = { directory, after, limit: LISTED, attributes: true };
      const { entries, more } = await this.#caller(index).ask(META.readdir, question);
      seen += entries.length;
      after = entries.at(-1)?.name;
      if (!more) break;
    }
    if (seen !== LISTED) throw new Error(`a directory of ${LISTED} files listed ${seen}`);
  }

  #caller(index: number): MetaCaller {
    return this.#callers[index % this.#callers.length]!;
  }
}

function nameOf(index: number): string {
  return `f${index}`;
}
