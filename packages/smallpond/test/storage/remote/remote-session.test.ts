import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@smallpond/base";
import { NodeClock, NodeDisk, NodeRandom } from "@smallpond/base/platform/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveSettings } from "../../../src/dataframe/init-options.ts";
import { Session } from "../../../src/dataframe/session.ts";
import { thisMachine } from "../../../src/platform/machine.ts";
import { machineOwners } from "../../../src/platform/owners.ts";
import { AnyDisk } from "../../../src/storage/remote/any-disk.ts";
import { KeptClusters } from "../../../src/storage/remote/clusters.ts";
import { RemoteDisk } from "../../../src/storage/remote/remote-disk.ts";
import { StagedRemoteFiles } from "../../../src/storage/remote/remote-files.ts";
import { localFileSystem } from "../../support/local-file-system.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pond-remote-session-"));
  await new NodeDisk().mkdir(`${root}/cluster`);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function session(dataRoot: string): Promise<Session> {
  const clock = new NodeClock();
  const clusters = new KeptClusters(() => Promise.resolve(localFileSystem(`${root}/cluster`)));
  const disk = new AnyDisk(new NodeDisk(), new RemoteDisk({ clusters, random: new NodeRandom() }));
  const stage = (directory: string): StagedRemoteFiles =>
    new StagedRemoteFiles({ disk, clock }, { directory, bytesMax: 2 ** 30 });
  const machine = { ...thisMachine(), tempDirectory: `${root}/scratch` };
  const settings = resolveSettings(
    { dataRoot, numExecutors: 0 },
    { environment: {}, machine, random: new SeededRandom(1), nowMs: clock.wallMs() },
  );
  const remote = { stage, close: () => clusters.close() };
  return await Session.open(
    { clock, random: new NodeRandom(), disk, owners: machineOwners(), remote },
    settings,
  );
}

const ROWS = Array.from({ length: 2000 }, (_, i) => ({ key: `k${i % 17}`, value: i }));

describe("a job over a cluster", () => {
  it.each(["3fs://fake:1/jobs", "here"])(
    "reads, shuffles, writes, replaces and appends there (data root: %s)",
    async (dataRoot) => {
      const root3fs = "3fs://fake:1/data";
      await using sp = await session(dataRoot === "here" ? `${root}/jobs` : dataRoot);
      const rows = sp.fromItems(ROWS);
      await rows.writeParquet(`${root3fs}/in`);
      const sums = sp.readParquet(`${root3fs}/in`).repartition(4, { hashBy: "key" });
      const answer = sp.partialSql("SELECT key, sum(value)::BIGINT AS total FROM {0} GROUP BY key", sums);
      await answer.writeParquet(`${root3fs}/out`);
      await answer.writeParquet(`${root3fs}/out`, { mode: "overwrite" });
      const read = await sp.readParquet(`${root3fs}/out/*.parquet`).sort("key").takeAll();
      const expected = new Map<string, bigint>();
      for (const { key, value } of ROWS) expected.set(key, (expected.get(key) ?? 0n) + BigInt(value));
      expect(new Map(read.map((row) => [row.key as string, row.total as bigint]))).toEqual(expected);
      await rows.writeParquet(`${root3fs}/in`, { mode: "append" });
      expect(await sp.readParquet(`${root3fs}/in`).count()).toBe(2 * ROWS.length);
      const mapped = sp.readParquet(`${root3fs}/in`).map((row) => ({ twice: Number(row.value) * 2 }));
      expect(await mapped.count()).toBe(2 * ROWS.length);
      await sp.close();
      const left = await readdir(`${root}/cluster/data/in`);
      expect(left.every((name) => name.startsWith("part-"))).toBe(true);
      expect(await readdir(`${root}/scratch/pond-jobs`).catch(() => [])).toEqual([]);
    },
  );

  it("refuses what is there, with the name that was given", async () => {
    await using sp = await session("3fs://fake:1/jobs");
    await sp.fromItems(ROWS).writeCsv("3fs://fake:1/once");
    const again = sp.fromItems(ROWS).writeCsv("3fs://fake:1/once");
    await expect(again).rejects.toThrow("3fs://fake:1/once");
    await expect(sp.readParquet("3fs://fake:1/nothing/*.parquet").count()).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
  });
});
