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

/** Few names in few levels, so that operations meet. */
const path = fc
  .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
  .map((names) => `/${names.join("/")}`);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("mkdir" as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("file", "symlink", "fifo"), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("write" as const), path, text: fc.string() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("unlink", "rmdir", "removeTree"), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("link" as const), path, to: path }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("rename" as const),
      path,
      to: path,
      mode: fc.constantFrom("replace", "noreplace", "exchange"),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

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
  const place = at(step.path);
  switch (step.kind) {
    case "mkdir":
      return client.send(mkdirs, { directory: ROOT_INODE, path: step.path, mode: 0o755, parents: false });
    case "write": {
      const bytes = new TextEncoder().encode(step.text);
      return client.send(writeFile, { place, mode: 0o644, exclusive: false, bytes });
    }
    case "unlink":
      return client.send(unlink, { place });
    case "rmdir":
      return client.send(rmdir, { place });
    case "removeTree":
      return client.send(removeTree, { place });
    case "link": {
      const { id } = await client.stat(step.path).catch(() => {
        throw Object.assign(new Error(), { code: "ENOENT" });
      });
      return client.send(link, { inode: id, place: at(step.to) });
    }
    case "rename":
      return client.send(rename, { from: place, to: at(step.to), mode: step.mode });
    case "symlink":
      return client.send(symlink, { place, target: "nowhere" });
    default:
      return client.send(create, { place, kind: step.kind, mode: 0o644, rdev: 0, exclusive: true });
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

describe("any sequence of operations", () => {
  test("comes to what a tree of maps comes to, and leaves all rows consistent", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), async (steps, seed) => {
        const { namespace, client } = await start(seed);
        const model = new ModelFileSystem();
        model.mkdir("/c", QUOTA);
        for (const each of steps) {
          const code = await codeOf(namespace.eventually(inNamespace(client, each)));
          expect(inModel(model, each), JSON.stringify(each)).toContain(code);
        }
        expect((await linesOf(client)).sort()).toEqual(linesOfModel(model.root).sort());
        expect(await problemsOf(namespace)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("leaves all rows consistent when many run at the same moment", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 2, maxLength: 8 }), { maxLength: 12 }),
        fc.nat(),
        async (rounds, seed) => {
          const { namespace, client } = await start(seed);
          for (const round of rounds) {
            const asked = round.map((each) => codeOf(inNamespace(client, each)));
            await namespace.eventually(Promise.all(asked));
          }
          expect(await problemsOf(namespace)).toEqual([]);
          expect((await client.ask(batchStat, { inodes: [ROOT_INODE] })).inodes[0]).toBeDefined();
        },
      ),
      { numRuns: 60 },
    );
  });
});
