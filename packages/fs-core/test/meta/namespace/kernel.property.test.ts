import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { at, type TestClient, TestNamespace } from "./namespace.ts";

/** All happens so deep that no way up leads out of it. */
const DEEP = "/0/1/2/3/4/5/6/7";

const path = fc
  .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
  .map((names) => `${DEEP}/${names.join("/")}`);
const crooked = fc
  .array(fc.constantFrom("a", "b", "c", ".", "..", ""), { minLength: 1, maxLength: 5 })
  .map((names) => `${DEEP}/a/${names.join("/")}`);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("mkdir" as const, "mkdir/" as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("file" as const), path }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("symlink" as const),
      path,
      target: fc.constantFrom("a", "b", "../c", "b/a", "../../a/b", ".", "a/", "c/.."),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("unlink" as const, "rmdir" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("link" as const), path, to: path }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("rename" as const), path, to: path }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("stat" as const, "lstat" as const), path: crooked }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function byKernel(root: string, step: Step): unknown {
  const named = root + step.path;
  switch (step.kind) {
    case "mkdir":
      return mkdirSync(named);
    case "mkdir/":
      return mkdirSync(`${named}/`);
    case "file":
      return closeSync(openSync(named, "wx"));
    case "symlink":
      return symlinkSync(step.target, named);
    case "unlink":
      return unlinkSync(named);
    case "rmdir":
      return rmdirSync(named);
    case "link":
      return linkSync(named, root + step.to);
    case "rename":
      return renameSync(named, root + step.to);
    case "stat":
    case "lstat": {
      const found = step.kind === "stat" ? statSync(named) : lstatSync(named);
      if (found.isDirectory()) return "directory";
      return `${found.isSymbolicLink() ? "symlink" : "file"} ${found.nlink}`;
    }
  }
}

async function byUs(client: TestClient, step: Step): Promise<unknown> {
  switch (step.kind) {
    case "mkdir":
      return void (await client.mkdir(step.path));
    case "mkdir/":
      return void (await client.mkdir(`${step.path}/`));
    case "file":
      return void (await client.create(step.path));
    case "symlink":
      return void (await client.symlink(step.path, step.target));
    case "unlink":
      return client.unlink(step.path);
    case "rmdir":
      return client.rmdir(step.path);
    case "link": {
      const { id } = await client.stat(step.path);
      return void (await client.ask(link, { inode: id, place: at(step.to) }));
    }
    case "rename":
      return client.rename(step.path, step.to);
    case "stat":
    case "lstat": {
      const { kind, nlink } = await client.stat(step.path, step.kind === "stat");
      return kind === "directory" ? kind : `${kind} ${nlink}`;
    }
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === undefined) throw error;
  return code;
}

function kernelTree(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const whole = join(directory, entry.name);
    if (entry.isDirectory())
      return [`${entry.name}/`, ...kernelTree(whole).map((each) => `${entry.name}/${each}`)];
    return [entry.isSymbolicLink() ? `${entry.name} -> ${readlinkSync(whole)}` : entry.name];
  });
}

async function ourTree(client: TestClient, path: string): Promise<string[]> {
  const lines: string[] = [];
  for (const name of await client.names(path === "" ? "/" : path)) {
    const inode = await client.stat(`${path}/${name}`);
    if (inode.kind === "directory") {
      lines.push(`${name}/`, ...(await ourTree(client, `${path}/${name}`)).map((each) => `${name}/${each}`));
    } else lines.push(inode.kind === "symlink" ? `${name} -> ${inode.target}` : name);
  }
  return lines;
}

// Others number and order their errors in other ways.
test.runIf(process.platform === "linux")(
  "any sequence of calls comes to what Linux makes of it",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120, size: "max" }), async (steps) => {
        const root = mkdtempSync(join(tmpdir(), "namespace-"));
        try {
          const namespace = await TestNamespace.start();
          const client = namespace.client();
          await client.ask(mkdirs, { directory: ROOT_INODE, path: DEEP, mode: 0o755, parents: true });
          mkdirSync(root + DEEP, { recursive: true });
          for (const each of steps) {
            let theirs: unknown;
            try {
              theirs = byKernel(root, each);
            } catch (error) {
              theirs = codeOf(error);
            }
            const ours = await byUs(client, each).catch(codeOf);
            expect(ours, JSON.stringify(each)).toEqual(theirs);
          }
          expect((await ourTree(client, "")).sort()).toEqual(kernelTree(root).sort());
        } finally {
          rmSync(root, { recursive: true });
        }
      }),
      { numRuns: 20 },
    );
  },
);
