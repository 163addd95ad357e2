/** `pond fs` and `pond sql` on a cluster of this process, as their users type them. */
import { readFile, writeFile } from "node:fs/promises";
import { rememberCluster, type ServedCluster, serveCluster } from "@smallpond/fs-core/platform";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Folder, folder, pond } from "./pond.ts";

let home: Folder;
let cluster: ServedCluster;
let url: string;
const fs = (...args: string[]) =>
  pond(["fs", ...args], { cwd: home.path, env: { XDG_CONFIG_HOME: `${home.path}/config` } });

beforeAll(async () => {
  home = await folder({ "data/a.txt": "alpha\n", "data/deep/b.txt": "beta\n", "data/empty": "" });
  cluster = await serveCluster({ directory: `${home.path}/cluster`, choices: { storage: 3, replicas: 3 } });
  url = cluster.url;
  const { clusterId, rootToken: token } = cluster.file;
  const profiles = { [url.slice("3fs://".length)]: { clusterId, token } };
  await rememberCluster(profiles, `${home.path}/config/pond/clusters.json`);
});
afterAll(async () => {
  await cluster.close();
  await home[Symbol.asyncDispose]();
});

describe("pond fs", () => {
  test("copies directories there and back, lists, adds up, moves and removes them", async () => {
    expect(await fs("cp", "--recursive", "--verify", "data", `${url}/data`)).toMatchObject({ code: 0 });
    expect((await fs("ls", `${url}/data`)).stdout).toBe("a.txt\ndeep\nempty\n");
    const long = await fs("ls", "-l", "-r", `${url}/data`);
    expect(long.stdout).toMatch(/-rw-r--r-- +1 0:0 +5 \S+ deep\/b\.txt\n/);
    expect((await fs("cat", `${url}/data/a.txt`, `${url}/data/deep/b.txt`)).stdout).toBe("alpha\nbeta\n");
    const usage = JSON.parse((await fs("du", "--json", `${url}/data`)).stdout) as object;
    expect(usage).toMatchObject({ bytes: 11, files: 3, directories: 2 });
    expect(await fs("mv", `${url}/data/deep`, `${url}/moved`)).toMatchObject({ code: 0 });
    expect(await fs("cp", "-r", `${url}/moved`, "back")).toMatchObject({ code: 0 });
    expect(await readFile(`${home.path}/back/b.txt`, "utf8")).toBe("beta\n");
    expect(await fs("rm", "-r", `${url}/data`, `${url}/moved`)).toMatchObject({ code: 0 });
    expect((await fs("ls", `${url}/`)).stdout).toBe("");
  });

  test("goes on with what is missing, and leaves what is there", async () => {
    const bytes = Buffer.alloc(9 * 2 ** 20, "large and the same ");
    await writeFile(`${home.path}/large.bin`, bytes);
    const first = await fs("cp", "--json", "large.bin", `${url}/large.bin`);
    expect(JSON.parse(first.stdout)).toEqual({ files: 1, same: 0, bytes: bytes.length });
    const again = await fs("cp", "--json", "--resume", "large.bin", `${url}/large.bin`);
    expect(JSON.parse(again.stdout)).toMatchObject({ files: 1, same: 1 });
    expect(await fs("cp", "--verify", `${url}/large.bin`, "large-back.bin")).toMatchObject({ code: 0 });
    expect(bytes.equals(await readFile(`${home.path}/large-back.bin`))).toBe(true);
  });

  test("makes links and changes modes, and says all that is known", async () => {
    await writeFile(`${home.path}/x`, "x");
    await fs("cp", "x", `${url}/x`);
    expect(await fs("ln", "-s", "x", `${url}/soft`)).toMatchObject({ code: 0 });
    expect(await fs("ln", `${url}/x`, `${url}/hard`)).toMatchObject({ code: 0 });
    expect(await fs("chmod", "640", `${url}/x`)).toMatchObject({ code: 0 });
    const told = JSON.parse((await fs("stat", "--json", `${url}/hard`)).stdout) as object;
    expect(told).toMatchObject({ kind: "file", size: 1, mode: "0640", links: 2 });
    expect((await fs("stat", `${url}/soft`)).stdout).toMatch(/soft -> x\n/);
    expect((await fs("cat", `${url}/soft`)).stdout).toBe("x");
  });

  test("says what is wrong in words, with the exit code for it", async () => {
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["ls", `${url}/nothing`], 1, /nothing/],
      [["ls", "/nothing"], 2, /POND_URL/],
      [["cp", "data", `${url}/data`], 2, /--recursive/],
      [["cp", "missing", `${url}/m`], 1, /there is no missing/],
      [["rm", "-r", `${url}/`], 2, /by name/],
      [["chmod", "rw", `${url}/x`], 2, /octal/],
      [["ls", "3fs://127.0.0.1:1/"], 1, /127\.0\.0\.1:1/],
    ];
    for (const [args, code, text] of cases) {
      const finished = await fs(...args);
      expect(finished.code, args.join(" ")).toBe(code);
      expect(finished.stderr).toMatch(text);
      expect(finished.stdout).toBe("");
    }
  });
});

describe("pond sql", () => {
  test("reads and writes files of the cluster", async () => {
    const env = { XDG_CONFIG_HOME: `${home.path}/config` };
    const query = "SELECT i, i * 2 AS twice FROM range(100000) t(i)";
    const written = await pond(["sql", query, "--output", `${url}/t.parquet`], { cwd: home.path, env });
    expect(written).toMatchObject({ code: 0 });
    const read = await pond(["sql", "--csv", `SELECT sum(twice) AS s FROM '${url}/t.parquet' WHERE i < 10`], {
      env,
    });
    expect(read).toMatchObject({ code: 0, stdout: "s\n90\n" });
  });
});

describe("pond admin", () => {
  const admin = (...args: string[]) =>
    pond(["admin", ...args, "--url", url], { env: { XDG_CONFIG_HOME: `${home.path}/config` } });

  test("makes users with tokens, who may then do what is theirs and nothing else", async () => {
    expect(await admin("user-add", "1000", "anna")).toMatchObject({ code: 0 });
    const made = await admin("token-add", "1000", "--label", "laptop", "--days", "7");
    expect(made.stdout).toMatch(/^3fs-token-\S+\n$/);
    const env = { XDG_CONFIG_HOME: `${home.path}/none`, POND_TOKEN: made.stdout.trim() };
    const asAnna = (...args: string[]) => pond(args, { cwd: home.path, env });
    expect((await asAnna("fs", "ls", `${url}/`)).code).toBe(0);
    const refused = await asAnna("fs", "mkdir", `${url}/hers`);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/EACCES/) as unknown });
    expect((await asAnna("admin", "users", "--url", url)).stderr).toMatch(/EPERM/);
    const users = JSON.parse((await admin("users", "--json")).stdout) as {
      uid: number;
      tokens: { tokenId: number }[];
    }[];
    const anna = users.find(({ uid }) => uid === 1000)!;
    expect(await admin("token-rm", "1000", String(anna.tokens[0]!.tokenId))).toMatchObject({ code: 0 });
    expect(await admin("user-rm", "1000")).toMatchObject({ code: 0 });
    expect((await asAnna("fs", "ls", `${url}/`)).code).toBe(1);
  });

  test("lists members, takes a target out and in again, and checks the metadata", async () => {
    expect((await admin("nodes")).stdout).toMatch(/101 +storage/);
    const targets = JSON.parse((await admin("targets", "--json")).stdout) as {
      target: number;
      state: string;
    }[];
    const [first] = targets;
    expect(await admin("target-offline", String(first!.target))).toMatchObject({ code: 0 });
    const stateOf = async (): Promise<string | undefined> => {
      const now = JSON.parse((await admin("targets", "--json")).stdout) as typeof targets;
      return now.find(({ target }) => target === first!.target)?.state;
    };
    for (let look = 0; look < 40 && (await stateOf()) === "serving"; look++);
    expect(await stateOf()).not.toBe("serving");
    expect(await admin("target-online", String(first!.target))).toMatchObject({ code: 0 });
    for (let look = 0; look < 60 && (await stateOf()) !== "serving"; look++);
    expect(await stateOf()).toBe("serving");
    const checked = await pond(["fs", "fsck", "--url", url], {
      env: { XDG_CONFIG_HOME: `${home.path}/config` },
    });
    expect(checked).toMatchObject({ code: 0, stdout: "the metadata is sound\n" });
    expect((await admin("node-drain", "x")).code).toBe(2);
  });
});
