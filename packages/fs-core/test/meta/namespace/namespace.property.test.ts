import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { batchStat } from "../../../src/meta/ops/batch-stat.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { readInline } from "../../../src/meta/ops/read-inline.ts";
import { readdir } from "../../../src/meta/ops/readdir.ts";
import { removeTree } from "../../../src/meta/ops/remove-tree.ts";
import { rename } from "../../../src/meta/ops/rename.ts";
import { rmdir } from "../../../src/meta/ops/rmdir.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { symlink } from "../../../src/meta/ops/symlink.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { changes } from "./changes.ts";
import { problemsOf } from "./check-rows.ts";
import { type DirectoryNode, ModelFileSystem, type Outcome } from "./model.ts";
import { at, type TestClient, TestNamespace } from "./namespace.ts";

const QUOTA = 7;
const LOSSES = { unknownBeforeShare: 0.1, unknownAfterShare: 0.2, unknownLateShare: 0.1, lateMs: 40 };

/**
 * A path that is chosen when it is known what is there: one of those that exist, or a name in one of them. Most
 * operations then find something to do.
 */
interface Pick {
  readonly index: number;
  readonly below: string | undefined;
}

const pick: fc.Arbitrary<Pick> = fc.record({
  index: fc.nat({ max: 1000 }),
  below: fc.option(fc.constantFrom("a", "b", "c", "d"), { nil: undefined, freq: 2 }),
});

function pathOf({ index, below }: Pick, there: readonly string[]): string {
  const found = there.length === 0 ? "" : there[index % there.length]!;
  return found === "" || below !== undefined ? `${found}/${below ?? "a"}` : found;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("mkdir" as const), path: pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("file", "symlink", "fifo"), path: pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("write" as const), path: pick, text: fc.string() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("unlink", "rmdir", "removeTree"), path: pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("link" as const), path: pick, to: pick }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("rename" as const),
      path: pick,
      to: pick,
      mode: fc.constantFrom("replace", "noreplace", "exchange"),
    }),
  },
);

type Planned = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Placed<S> = S extends Planned ? { readonly [K in keyof S]: S[K] extends Pick ? string : S[K] } : never;
type Step = Placed<Planned>;

function place(planned: Planned, there: readonly string[]): Step {
  const path = pathOf(planned.path, there);
  return { ...planned, path, ...("to" in planned ? { to: pathOf(planned.to, there) } : {}) } as Step;
}

function inModel(model: ModelFileSystem, step: Step): Outcome {
  switch (step.kind) {
    case "mkdir":
      return model.mkdir(step.path);
    case "write":
      return model.writeFile(step.path, step.text);
    case "unlink":
      return model.unlink(step.path);
    case "rmdir":
      return model.rmdir(step.path);
    case "removeTree":
      return model.rmdir(step.path, { whole: true });
    case "link":
      return model.link(step.path, step.to);
    case "rename":
      return model.rename(step.path, step.to, step.mode);
    default:
      return model.make(step.path, step.kind, step.kind === "symlink" ? "nowhere" : "");
  }
}

async function inNamespace(client: TestClient, step: Step): Promise<unknown> {
  const named = at(step.path);
  switch (step.kind) {
    case "mkdir":
      return client.send(mkdirs, { directory: ROOT_INODE, path: step.path, mode: 0o755, parents: false });
    case "write": {
      const bytes = new TextEncoder().encode(step.text);
      return client.send(writeFile, { place: named, mode: 0o644, exclusive: false, bytes });
    }
    case "unlink":
      return client.send(unlink, { place: named });
    case "rmdir":
      return client.send(rmdir, { place: named });
    case "removeTree":
      return client.send(removeTree, { place: named });
    case "link": {
      const { id } = await client.stat(step.path).catch(() => {
        throw Object.assign(new Error(), { code: "ENOENT" });
      });
      return client.send(link, { inode: id, place: at(step.to) });
    }
    case "rename":
      return client.send(rename, { from: named, to: at(step.to), mode: step.mode });
    case "symlink":
      return client.send(symlink, { place: named, target: "nowhere" });
    default:
      return client.send(create, { place: named, kind: step.kind, mode: 0o644, rdev: 0, exclusive: true });
  }
}

function codeOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => "done",
    (error: unknown) => {
      const { code } = error as { code?: string };
      if (code === undefined) throw error;
      return code;
    },
  );
}

async function start(seed: number) {
  const namespace = await TestNamespace.start({ seed });
  const client = namespace.client();
  const { id } = await client.mkdir("/c");
  await client.ask(setattr, { inode: id, changes: changes({ quota: QUOTA }) });
  return { namespace, client };
}

/** All of a tree as lines of text. */
function linesOfModel(node: DirectoryNode, prefix: string = ""): string[] {
  return [...node.entries].flatMap(([name, child]) => {
    const line = `${prefix}/${name} ${child.kind} ${child.quota}`;
    if (child.kind !== "directory") return [`${line} ${child.text}`];
    return [line, ...linesOfModel(child, `${prefix}/${name}`)];
  });
}

async function linesOf(client: TestClient, directory = ROOT_INODE, prefix: string = ""): Promise<string[]> {
  const question = { directory, after: undefined, limit: 1000, attributes: true };
  const { entries } = await client.ask(readdir, question);
  const lines: string[] = [];
  for (const { name, inode } of entries) {
    const line = `${prefix}/${name} ${inode!.kind} ${inode!.quota}`;
    if (inode!.kind === "directory") {
      lines.push(line, ...(await linesOf(client, inode!.id, `${prefix}/${name}`)));
    } else if (inode!.kind === "file") {
      const { bytes } = await client.ask(readInline, { inode: inode!.id });
      lines.push(`${line} ${new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)}`);
    } else {
      lines.push(`${line} ${inode!.kind === "symlink" ? inode!.target : ""}`);
    }
  }
  return lines;
}

function pathsOf(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.slice(0, line.indexOf(" "))).sort();
}

describe("any sequence of operations", () => {
  test.each([
    ["", 0, {}],
    [", once each though commits are forgotten", 0.3, {}],
    [", once each though the store does not say what it wrote", 0, LOSSES],
  ])(
    "comes to what a tree of maps comes to, and leaves all rows consistent%s",
    async (_, forgottenShare, faults) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 20, maxLength: 100, size: "max" }),
          fc.nat(),
          async (steps, seed) => {
            const { namespace, client } = await start(seed);
            namespace.metastore.forgottenShare = forgottenShare;
            namespace.store.set(faults);
            const model = new ModelFileSystem();
            model.mkdir("/c", QUOTA);
            for (const planned of steps) {
              const each = place(planned, pathsOf(linesOfModel(model.root)));
              const code = await codeOf(namespace.eventually(inNamespace(client, each)));
              expect(inModel(model, each), JSON.stringify(each)).toContain(code);
            }
            namespace.metastore.forgottenShare = 0;
            namespace.store.heal();
            expect((await linesOf(client)).sort()).toEqual(linesOfModel(model.root).sort());
            expect(await problemsOf(namespace)).toEqual([]);
          },
        ),
        { numRuns: 25 },
      );
    },
  );

  test("leaves all rows consistent when many run at the same moment", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 2, maxLength: 8 }), { maxLength: 12, size: "max" }),
        fc.nat(),
        async (rounds, seed) => {
          const { namespace, client } = await start(seed);
          for (const round of rounds) {
            const there = pathsOf(await linesOf(client));
            const steps = round.map((planned) => place(planned, there));
            const asked = steps.map((each) => codeOf(inNamespace(client, each)));
            await namespace.eventually(Promise.all(asked));
          }
          expect(await problemsOf(namespace)).toEqual([]);
          expect((await client.ask(batchStat, { inodes: [ROOT_INODE] })).inodes[0]).toBeDefined();
        },
      ),
      { numRuns: 25 },
    );
  });
});
