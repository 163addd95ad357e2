import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { type AttributeChanges, setattr } from "../../../src/meta/ops/setattr.ts";
import { changes } from "./changes.ts";
import { ALICE, at, BOB, ROOT_USER, type TestClient, TestNamespace } from "./namespace.ts";

const TOP = "/top";
const USERS = [ROOT_USER, ALICE, BOB, { uid: 3000, gid: 50, groups: [], admin: false }] as const;

const path = fc
  .array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 3 })
  .map((names) => `${TOP}/${names.join("/")}`);
const user = fc.nat({ max: USERS.length - 1 });
const mode = fc.oneof(
  fc.constantFrom(0o777, 0o1777, 0o2777, 0o755, 0o700, 0o770, 0o775, 0o2775, 0o6755, 0o6777, 0o2745),
  fc.nat({ max: 0o7777 }),
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("mkdir" as const), path, user }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("file" as const), path, user, mode }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("unlink" as const, "rmdir" as const), path, user }),
  },
  // Who may link others' files is the kernel's own setting, so here only root links.
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("link" as const), path, to: path, user: fc.constant(0) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("rename" as const), path, to: path, user }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("chmod" as const), path, user, mode }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("chown" as const),
      path,
      user,
      uid: fc.constantFrom(undefined, 0, 1000, 2000),
      gid: fc.constantFrom(0, 50, 1000, 2000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("utimes" as const), path, user }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("stat" as const), path, user }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const told = (found: { readonly mode: number; readonly uid: number; readonly gid: number }): string =>
  `${(found.mode & 0o7777).toString(8)} ${found.uid}:${found.gid}`;

function byKernel(root: string, step: Step): unknown {
  const named = root + step.path;
  switch (step.kind) {
    case "mkdir":
      mkdirSync(named);
      return undefined;
    case "file":
      return closeSync(openSync(named, "wx", step.mode));
    case "unlink":
      return unlinkSync(named);
    case "rmdir":
      return rmdirSync(named);
    case "link":
      return linkSync(named, root + step.to);
    case "rename":
      return renameSync(named, root + step.to);
    case "chmod":
      return chmodSync(named, step.mode);
    case "chown":
      return chownSync(named, step.uid ?? -1, step.gid);
    case "utimes":
      return utimesSync(named, 1, 2);
    case "stat":
      return told(lstatSync(named));
  }
}

async function byUs(client: TestClient, step: Step): Promise<unknown> {
  const set = async (changed: Partial<AttributeChanges>): Promise<void> => {
    const { id } = await client.stat(step.path, true);
    await client.ask(setattr, { inode: id, changes: changes(changed) });
  };
  switch (step.kind) {
    case "mkdir":
      await client.mkdir(step.path, 0o777);
      return undefined;
    case "file": {
      const made = { kind: "file", mode: step.mode, rdev: 0, exclusive: true } as const;
      await client.ask(create, { place: at(step.path), ...made });
      return undefined;
    }
    case "unlink":
      return client.unlink(step.path);
    case "rmdir":
      return client.rmdir(step.path);
    case "link": {
      const { id } = await client.stat(step.path);
      await client.ask(link, { inode: id, place: at(step.to) });
      return undefined;
    }
    case "rename":
      return client.rename(step.path, step.to);
    case "chmod":
      return set({ mode: step.mode });
    case "chown":
      return set({ uid: step.uid, gid: step.gid });
    case "utimes":
      return set({ atime: { kind: "at", ns: 10n ** 9n }, mtime: { kind: "at", ns: 2n * 10n ** 9n } });
    case "stat":
      return told(await client.stat(step.path));
  }
}

/** Done as another user, by the thread that runs this. */
function as<T>(user: number, body: () => T): T {
  const { uid, gid, groups } = USERS[user]!;
  process.setgroups!([...groups]);
  process.setegid!(gid);
  process.seteuid!(uid);
  try {
    return body();
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
    process.setgroups!([]);
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === undefined) throw error;
  return code;
}

function outcomeOf(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return codeOf(error);
  }
}

const actsAsOthers = process.platform === "linux" && process.getuid?.() === 0;

// Only root may act as others before the kernel.
test.runIf(actsAsOthers)("users may do, and files become, what Linux says", async () => {
  const umask = process.umask(0);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 120, size: "max" }), async (steps) => {
      const root = mkdtempSync(join(tmpdir(), "permissions-"));
      try {
        chmodSync(root, 0o755);
        mkdirSync(root + TOP, { mode: 0o777 });
        const namespace = await TestNamespace.start();
        const clients = USERS.map((each) => namespace.client(each));
        const [first] = clients;
        await first!.ask(mkdirs, { directory: ROOT_INODE, path: TOP, mode: 0o777, parents: false });
        for (const each of steps) {
          const theirs = as(each.user, () => outcomeOf(() => byKernel(root, each)));
          const ours = await byUs(clients[each.user]!, each).catch(codeOf);
          expect(ours, JSON.stringify(each)).toEqual(theirs);
          for (const changed of "to" in each ? [each.path, each.to] : [each.path]) {
            const after = await first!.stat(changed).then(told, codeOf);
            expect(after, JSON.stringify(each)).toEqual(outcomeOf(() => told(lstatSync(root + changed))));
          }
        }
      } finally {
        rmSync(root, { recursive: true });
      }
    }),
    { numRuns: 15 },
  );
  process.umask(umask);
});
