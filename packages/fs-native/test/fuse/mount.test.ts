import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { NodeDisk } from "@smallpond/base/platform/node";
import { mountFuse, openBufferPool, unmountFuse } from "@smallpond/fs-native";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AS_NOBODY, NOBODY, NOBODY_IS_SHUT_OUT } from "../as-nobody.ts";
import { startChild } from "../child.ts";
import { failureOf } from "../failure.ts";
import { missingNative } from "../missing-native.ts";
import { serveRoot } from "./serve-root.ts";

const DAEMON = new URL("./daemon.ts", import.meta.url);
const MISSING = missing();

function missing(): string | undefined {
  if (process.platform !== "linux") return " (FUSE is for Linux)";
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch (error) {
    return ` (/dev/fuse: ${(error as NodeJS.ErrnoException).code})`;
  }
  return mayMount() ? undefined : " (this process may not mount: CAP_SYS_ADMIN)";
}

function mayMount(): boolean {
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return process.geteuid?.() === 0 && (BigInt(`0x${capabilities}`) & (1n << 21n)) !== 0n;
}

async function helperIsMissing(): Promise<boolean> {
  for (const directory of (process.env.PATH ?? "").split(":")) {
    if ((await stat(`${directory}/fusermount3`).catch(() => undefined)) !== undefined) return false;
  }
  return true;
}

let directory: Awaited<ReturnType<NodeDisk["tempDirectory"]>>;
let path: string;

beforeEach(async () => {
  directory = await new NodeDisk().tempDirectory();
  path = `${directory.path}/a mount`;
  await mkdir(path);
});

afterEach(async () => {
  await unmountFuse(path, { lazy: true }).catch(() => {});
  await directory[Symbol.asyncDispose]();
});

const details = { path: expect.stringContaining("a mount") };

describe.skipIf(MISSING !== undefined)(`FUSE${MISSING ?? ""}`, () => {
  test.skipIf(missingNative("mountFuse") !== undefined)("a mount answers, is listed, and goes", async () => {
    const pool = openBufferPool();
    const descriptors = readdirSync("/proc/self/fd").length;
    {
      await using mount = await mountFuse(path, { source: "test:/source" });
      expect(mount).toMatchObject({ how: "mount(2)", path, device: { kind: "polled" } });
      const serving = serveRoot(mount.device, pool);
      expect(await stat(path)).toMatchObject({ mode: 0o40755, nlink: 2 });
      const twice = await failureOf(mountFuse(path));
      expect(twice).toMatchObject({ code: "EBUSY", kind: "unavailable", details });
      await mount.unmount();
      // INIT and GETATTR at least.
      expect(await serving).toEqual(expect.arrayContaining([26, 3]));
    }
    expect(pool.leases).toBe(0);
    expect(readdirSync("/proc/self/fd").length).toBe(descriptors);
    expect(await failureOf(unmountFuse(path))).toMatchObject({ code: "NOT_MOUNTED", kind: "invalid" });
  });

  test("without the addon, mount(8) and threads do the same", async () => {
    const daemon = startChild(DAEMON, [path], { variables: { POND_NATIVE: "off" } });
    expect(await daemon.line).toBe("mount(8) threads 40755");
    expect(await stat(path)).toMatchObject({ mode: 0o40755, nlink: 2 });
    await unmountFuse(path);
    expect(await daemon.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("a mount whose daemon was killed says so, and is taken away or replaced", async () => {
    const first = startChild(DAEMON, [path]);
    expect(await first.line).toBe(
      missingNative("mountFuse") === undefined ? "mount(2) polled 40755" : "mount(8) threads 40755",
    );
    await stat(path);
    first.process.kill("SIGKILL");
    await first.ended;
    expect(await failureOf(stat(path))).toMatchObject({ code: "ENOTCONN" });
    const dead = await failureOf(mountFuse(path));
    expect(dead).toMatchObject({ code: "ENOTCONN", details, hint: expect.stringContaining("umount -l") });
    const second = startChild(DAEMON, [path, JSON.stringify({ replaceDead: true })]);
    await second.line;
    expect(await stat(path)).toMatchObject({ mode: 0o40755, nlink: 2 });
    second.process.kill("SIGKILL");
    await second.ended;
    await unmountFuse(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  test("a mount that is in use goes when asked lazily", async () => {
    const daemon = startChild(DAEMON, [path]);
    await daemon.line;
    // A process whose current directory it is.
    const user = startChild(new URL("./stay.ts", import.meta.url), [path]);
    expect(await user.line).toBe("here");
    const busy = await failureOf(unmountFuse(path));
    expect(busy).toMatchObject({ code: "EBUSY", hint: expect.stringContaining("fuser") });
    await unmountFuse(path, { lazy: true });
    user.process.kill();
    await user.ended;
    expect(await daemon.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("a directory that is none, is missing or has files is refused with what helps", async () => {
    await writeFile(`${directory.path}/file`, "");
    const file = await failureOf(mountFuse(`${directory.path}/file`));
    expect(file).toMatchObject({ code: "ENOTDIR", kind: "invalid" });
    const none = await failureOf(mountFuse(`${directory.path}/none`));
    expect(none).toMatchObject({ code: "ENOENT", hint: expect.stringContaining("mkdir -p") });
    const far = await failureOf(mountFuse(`${directory.path}/none/deeper`));
    expect(far).toMatchObject({ code: "ENOENT" });
    await writeFile(`${path}/file`, "");
    expect(await failureOf(mountFuse(path))).toMatchObject({ code: "ENOTEMPTY" });
  });

  describe.skipIf(NOBODY_IS_SHUT_OUT !== undefined)(
    `people who are not root${NOBODY_IS_SHUT_OUT ?? ""}`,
    async () => {
      const noHelper = await helperIsMissing();
      /** In mounts of their own, with a device that everybody may use, as distributions have it. */
      function inOwnMounts(device: string, ...rest: readonly string[]): readonly string[] {
        const script = `mknod "$1" c 10 229 && chmod "$2" "$1" && mount --bind "$1" /dev/fuse && shift 2 && exec "$@"`;
        return ["unshare", "-m", "sh", "-ec", script, "sh", device, ...rest];
      }

      test.skipIf(noHelper || missingNative("mountFuse") !== undefined)(
        `mount by fusermount3${noHelper ? " (which is missing: apt-get install fuse3)" : ""}`,
        async () => {
          const { mode } = await openToAll();
          const daemon = startChild(DAEMON, [path], {
            before: inOwnMounts(`${directory.path}/fuse`, mode, ...AS_NOBODY),
          });
          expect(await daemon.line).toBe("fusermount3 polled 40755");
          // Its mounts can be seen through it.
          const seen = `/proc/${await nodeBelow(daemon.process.pid!)}/root${path}`;
          expect(await failureOf(stat(seen))).toMatchObject({ code: "EACCES" });
          daemon.process.kill("SIGKILL");
          await daemon.ended;
        },
      );

      test.skipIf(noHelper)("are told that they may not use the device, or let others in", async () => {
        await openToAll();
        const device = `${directory.path}/fuse`;
        const closed = startChild(DAEMON, [path], { before: inOwnMounts(device, "600", ...AS_NOBODY) });
        expect(await closed.line).toMatch(/^(EACCES|NATIVE_MISSING): /);
        await closed.ended;
        const others = startChild(DAEMON, [path, JSON.stringify({ allowOther: true })], {
          before: inOwnMounts(`${device}2`, "666", ...AS_NOBODY),
        });
        expect(await others.line).toMatch(/^(EACCES: .*other users in|NATIVE_MISSING: )/);
        expect((await others.ended).stdout).toMatch(/user_allow_other|build the addon/);
      });

      test("are told to install fusermount3", async () => {
        await openToAll();
        const daemon = startChild(DAEMON, [path], { before: [...AS_NOBODY, "env", "PATH=/nowhere"] });
        expect(await daemon.line).toMatch(/^(NO_HELPER|NATIVE_MISSING): /);
        expect((await daemon.ended).stdout).toMatch(/apt-get install/);
      });
    },
  );
});

async function openToAll(): Promise<{ readonly mode: string }> {
  await chown(path, NOBODY, NOBODY);
  await chmod(directory.path, 0o755);
  return { mode: "666" };
}

/** The last of a chain of processes that each started one other. */
async function nodeBelow(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
  return children === "" ? pid : await nodeBelow(Number(children.split(" ")[0]));
}
