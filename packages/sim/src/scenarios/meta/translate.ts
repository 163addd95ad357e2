/** Operations of the model as questions of the metadata service, and its answers as the model tells them. */
import { isPondError } from "@smallpond/base";
import {
  type InodeId,
  META,
  type MetaCaller,
  type Method,
  type RequestId,
  ROOT_INODE,
} from "@smallpond/fs-core";
import { answerIn } from "@smallpond/fs-core/testing";
import {
  isReadOnly,
  type NamespaceInput,
  type NamespaceOutput,
  type Place,
} from "../../checkers/namespace/operations.ts";

/** Told of a file whose last name is gone, and which nobody has collected yet. */
const UNLINKED = " 0 links";

export interface Translated {
  /** Asks until there is an answer. Throws if there was none in time. */
  readonly send: (caller: MetaCaller, request: RequestId, signal: AbortSignal) => Promise<NamespaceOutput>;
  /** What a change was answered, from its record in the store. */
  readonly recorded: (bytes: Uint8Array) => NamespaceOutput;
}

export function translate(input: NamespaceInput): Translated {
  return isQuery(input) ? translateQuery(input) : translateChange(input);
}

type Query = Extract<NamespaceInput, { readonly kind: "lookup" | "stat" | "read" | "readdir" | "resolve" }>;
type Change = Exclude<NamespaceInput, Query>;

function isQuery(input: NamespaceInput): input is Query {
  return isReadOnly(input);
}

function translateQuery(input: Query): Translated {
  switch (input.kind) {
    case "lookup":
      return query(META.lookup, { directory: input.dir as InodeId, name: input.name }, ({ inode }) => ({
        id: inode.id,
        value: inode.kind,
      }));
    case "stat":
      return query(META.stat, { inode: input.id as InodeId }, ({ inode }) => ({
        id: inode.id,
        value: attributes(inode),
      }));
    case "read":
      return query(META.readInline, { inode: input.id as InodeId }, ({ inode, bytes }) => ({
        value: inode.nlink === 0 ? UNLINKED : bytes === undefined ? "" : new TextDecoder().decode(bytes),
      }));
    case "readdir":
      return query(
        META.readdir,
        { directory: input.id as InodeId, after: undefined, limit: 1000, attributes: false },
        ({ entries }) => ({
          entries: entries.map(({ name, id }) => ({ name, id })),
        }),
      );
    case "resolve":
      return query(META.statPath, { directory: ROOT_INODE, path: input.path, follow: true }, ({ inode }) => ({
        id: inode.id,
        value: inode.kind,
      }));
    default:
      return input satisfies never;
  }
}

function translateChange(input: Change): Translated {
  switch (input.kind) {
    case "create":
      return change(
        META.create,
        { place: placeOf(input), kind: "file", mode: input.mode, rdev: 0, exclusive: true },
        idOf,
      );
    case "mkdir":
      return change(
        META.mkdirs,
        { directory: input.dir as InodeId, path: input.name, mode: input.mode, parents: false },
        idOf,
      );
    case "symlink":
      return change(META.symlink, { place: placeOf(input), target: input.target }, idOf);
    case "write":
      return change(
        META.writeFile,
        {
          place: placeOf(input),
          mode: input.mode,
          exclusive: false,
          bytes: new TextEncoder().encode(input.text),
        },
        idOf,
      );
    case "link":
      return change(META.link, { inode: input.id as InodeId, place: placeOf(input) }, idOf);
    case "unlink":
      return change(META.unlink, { place: placeOf(input) }, nothing);
    case "rmdir":
      return change(META.rmdir, { place: placeOf(input) }, nothing);
    case "remove-tree":
      return change(META.removeTree, { place: placeOf(input) }, nothing);
    case "rename": {
      const mode = input.how === "no-replace" ? "noreplace" : input.how;
      return change(META.rename, { from: placeOf(input.from), to: placeOf(input.to), mode }, nothing);
    }
    case "chmod":
      return change(
        META.setattr,
        { inode: input.id as InodeId, changes: { ...NO_CHANGES, mode: input.mode } },
        ({ inode }) => (inode.nlink === 0 ? { id: inode.id, value: UNLINKED } : { id: inode.id }),
      );
    default:
      return input satisfies never;
  }
}

const NO_CHANGES = {
  mode: undefined,
  uid: undefined,
  gid: undefined,
  atime: undefined,
  mtime: undefined,
  flags: undefined,
  quota: undefined,
} as const;

/** Whether the file system itself has spoken, whatever it said. */
export function errnoOf(error: unknown): string | undefined {
  return isPondError(error) && /^E[A-Z0-9]+$/.test(error.code) && error.code !== "ECLOSED"
    ? error.code
    : undefined;
}

type Told<A> = (answer: A) => NamespaceOutput;
type Asked<Q> = Omit<Q, "as" | "client" | "request">;

function query<Q, A>(method: Method<Q, A>, question: Asked<Q>, told: Told<A>): Translated {
  return {
    send: async (caller, _, signal) => told((await caller.ask(method as never, question, { signal })) as A),
    recorded: () => {
      throw new Error("a question that changes nothing leaves no record");
    },
  };
}

function change<Q, A>(method: Method<Q, A>, question: Asked<Q>, told: Told<A>): Translated {
  return {
    send: async (caller, request, signal) =>
      told((await caller.change(method as never, question, { request, signal })) as A),
    recorded: (bytes) => told(answerIn(method, bytes)),
  };
}

function placeOf({ dir, name }: Place): {
  readonly directory: InodeId;
  readonly under: string;
  readonly name: string;
} {
  return { directory: dir as InodeId, under: "", name };
}

function idOf({ inode }: { readonly inode: { readonly id: bigint } }): NamespaceOutput {
  return { id: inode.id };
}

function nothing(): NamespaceOutput {
  return {};
}

function attributes(inode: {
  readonly kind: string;
  readonly mode: number;
  readonly nlink: number;
  readonly length?: bigint;
  readonly target?: string;
}): string {
  const size = inode.kind === "file" ? ` ${inode.length} bytes` : "";
  const target = inode.kind === "symlink" ? ` to ${inode.target}` : "";
  return `${inode.kind} ${inode.mode.toString(8)} ${inode.nlink} links${size}${target}`;
}
