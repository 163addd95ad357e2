import { NodeDisk } from "@smallpond/base/platform/node";
import { META, ROOT_INODE } from "@smallpond/fs-core";
import { serveMind } from "@smallpond/fs-core/platform";
import { expect, test } from "vitest";
import { connectTestClient } from "./client.ts";
import { testMind } from "./settings.ts";

test("a process serves the namespace from its directory, and finds everything again when it is started anew", async () => {
  await using directory = await new NodeDisk().tempDirectory();
  const settings = testMind({ directory: directory.path, nodes: 1 }, 1);
  const made = { directory: ROOT_INODE, path: "a/b", mode: 0o755, parents: true };
  {
    await using served = await serveMind(settings, { writeLog: () => {} });
    await served.node.ready;
    await using client = connectTestClient([served.node.address]);
    const { inode } = await client.meta.change(META.mkdirs, made);
    const place = { directory: inode.id, under: "", name: "f" };
    const file = { place, kind: "file", mode: 0o600, rdev: 0, exclusive: true } as const;
    expect(await client.meta.change(META.create, file)).toMatchObject({ created: true });
  }
  await using served = await serveMind(settings, { writeLog: () => {} });
  await using client = connectTestClient([served.node.address]);
  const found = await client.meta.ask(META.statPath, { directory: ROOT_INODE, path: "a/b/f", follow: true });
  expect(found.inode).toMatchObject({ kind: "file", mode: 0o600 });
});

test("metrics and health are told at the admin port", async () => {
  await using directory = await new NodeDisk().tempDirectory();
  const admin = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
  await using served = await serveMind(
    { ...testMind({ directory: directory.path, nodes: 1 }, 1), admin },
    { writeLog: () => {} },
  );
  await served.node.ready;
  await using client = connectTestClient([served.node.address]);
  await client.meta.ask(META.stat, { inode: ROOT_INODE });
  const { port } = served.adminAddress as typeof admin;
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/^pond_meta_operations_total\{.*operation="meta.stat".*\} 1$/m);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});
