import { NodeDisk } from "@smallpond/base/platform/node";
import { type InodeId, META, type MetaCaller, ROOT_INODE } from "@smallpond/fs-core";
import { serveMind } from "@smallpond/fs-core/platform";
import { expect, test } from "vitest";
import { check } from "../../src/meta/fsck/fsck.ts";
import { liveSource } from "../../src/meta/fsck/source.ts";
import { connectTestClient } from "../cluster/client.ts";
import { testMind } from "../cluster/settings.ts";
import { storm } from "./storm.ts";

/** `POND_STORM_SECONDS=600` is the long mode; `POND_STORM_SEED` chooses who is killed when. */
const SECONDS = Number(process.env.POND_STORM_SECONDS ?? 10);
const SEED = Number(process.env.POND_STORM_SEED ?? 1);

test(
  "services and clients that are killed at random leave a file system without a fault, and all that they were told",
  async () => {
    await using directory = await new NodeDisk().tempDirectory();
    const settings = { directory: directory.path, seed: SEED, ms: SECONDS * 1000, services: 3, clients: 2 };
    const { record, servicesKilled, clientsKilled, complaints } = await storm(settings);
    expect(complaints).toEqual([]);
    expect(record.wrong).toEqual([]);
    expect(record.answered).toBeGreaterThan(0);
    expect(servicesKilled + clientsKilled).toBeGreaterThan(settings.clients);

    const alone = testMind({ directory: directory.path, nodes: 1 }, 9);
    await using served = await serveMind(alone, { writeLog: () => {} });
    await served.node.ready;
    await using client = connectTestClient([served.node.address]);
    for (const [own, model] of record.directories) {
      const found = await contents(client.meta, own);
      expect(
        model.listings().map((listing) => shapeOf(listing)),
        `own/${own}`,
      ).toContainEqual(shapeOf(found));
    }
    const report = await check(liveSource(served.node.metastore));
    expect(report.findings).toEqual([]);
    expect(report.inodes).toBeGreaterThan(1);
    console.log(
      `${record.answered} changes acknowledged in ${record.directories.size} directories, ` +
        `${servicesKilled} services and ${clientsKilled} clients killed; ${report.inodes} inodes without a finding`,
    );
  },
  (SECONDS + 120) * 1000,
);

/** Like the model's, with inodes for labels. */
async function contents(meta: MetaCaller, own: string): Promise<readonly string[]> {
  const question = { directory: ROOT_INODE, path: `own/${own}`, follow: true };
  return await list(meta, (await meta.ask(META.statPath, question)).inode.id, "");
}

async function list(meta: MetaCaller, directory: InodeId, under: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const question = { directory, after: undefined, limit: 1000, attributes: false };
  for (const { name, kind, id } of (await meta.ask(META.readdir, question)).entries) {
    if (kind === "directory") lines.push(`${under}${name}/`, ...(await list(meta, id, `${under}${name}/`)));
    else lines.push(`${under}${name} ${id}`);
  }
  return lines;
}

/** Which names are of the same file, whatever files are called. */
function shapeOf(listing: readonly string[]): readonly string[] {
  const seen: string[] = [];
  return listing.map((line) => {
    const [path, label] = line.split(" ");
    if (label === undefined) return line;
    if (!seen.includes(label)) seen.push(label);
    return `${path} ${seen.indexOf(label)}`;
  });
}
