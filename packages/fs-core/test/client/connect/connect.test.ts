/** Connections to a real cluster, in this process, over real sockets. */
import { NodeDisk } from "@smallpond/base/platform/node";
import { connect, META } from "@smallpond/fs-core";
import { type ServedCluster, serveCluster } from "@smallpond/fs-core/platform";
import { afterAll, beforeAll, expect, it } from "vitest";
import { codeOf, pattern } from "../fs/world.ts";

let place: Awaited<ReturnType<NodeDisk["tempDirectory"]>>;
let cluster: ServedCluster;
let token: string;
beforeAll(async () => {
  place = await new NodeDisk().tempDirectory();
  cluster = await serveCluster({ directory: `${place.path}/cluster`, choices: { storage: 2, replicas: 2 } });
  token = cluster.file.rootToken;
}, 60_000);
afterAll(async () => {
  // Where it did not come up, that is told.
  await (cluster as ServedCluster | undefined)?.close();
  await place[Symbol.asyncDispose]();
});

it("reads and writes files of a cluster, as the user of a token", async () => {
  await using fs = await connect(cluster.url, { token });
  await fs.mkdir("/data");
  const bytes = pattern(3_000_000);
  const file = await fs.open("/data/a", "w+");
  for (let at = 0; at < bytes.length; at += 70_000) await file.write(bytes.subarray(at, at + 70_000));
  await file.truncate(2_900_000n);
  await file.close();
  await using other = await connect(cluster.url.replace("3fs://", `3fs://${token}@`));
  expect(other.url).toBe(cluster.url);
  expect((await other.stat("/data/a")).size).toBe(2_900_000n);
  expect(Buffer.compare(await other.readFile("/data/a"), bytes.subarray(0, 2_900_000))).toBe(0);
  const reader = await other.open("/data/a");
  let at = 0;
  for await (const part of reader.readable() as AsyncIterable<Buffer>) {
    expect(Buffer.compare(part, bytes.subarray(at, at + part.length))).toBe(0);
    at += part.length;
  }
  expect(at).toBe(2_900_000);
  await other.copy("/data/a", "/data/b");
  const log = await fs.open("/data/b", "a");
  await log.write(pattern(10));
  await log.close();
  expect((await other.stat("/data/b")).size).toBe(2_900_010n);
}, 60_000);

it("ends a client's session with it", async () => {
  const fs = await connect(cluster.url, { token, about: "a test" });
  await fs.writeFile("/session", "x");
  await fs.close();
  await fs.close();
  expect(await codeOf(fs.stat("/session"))).toBe("FILE_SYSTEM_CLOSED");
  const { inode } = await cluster.connection.meta.ask(META.statPath, {
    directory: 1n as never,
    path: "session",
    follow: true,
  });
  expect(inode.kind).toBe("file");
});

it("says what is in the way, naming the address", async () => {
  const refused = connect("3fs://127.0.0.1:1", { token });
  await expect(refused).rejects.toMatchObject({
    code: "CLUSTER_UNREACHABLE",
    kind: "unavailable",
    message: expect.stringMatching(/127\.0\.0\.1:1: .*nobody is listening there/) as unknown,
    hint: expect.any(String) as unknown,
  });
  await expect(connect("3fs://no-such-host.invalid:9000", { token })).rejects.toMatchObject({
    code: "CLUSTER_UNREACHABLE",
    message: expect.stringContaining("the host name is unknown") as unknown,
  });
  const wrong = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
  await expect(connect(cluster.url, { token: wrong })).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  const elsewhere = connect(cluster.url, { token, clusterId: "another" });
  await expect(elsewhere).rejects.toMatchObject({ code: "AUTH_FAILED" });
  const [error] = await Promise.allSettled([connect(cluster.url, { token: wrong })]);
  expect(JSON.stringify(error)).not.toContain(wrong);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(connect(cluster.url, { token, signal })).rejects.toThrow("enough");
}, 30_000);
