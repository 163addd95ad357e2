import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeClock, NodeDisk, NodeRandom } from "@smallpond/base/platform/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "../../../src/duckdb/database.ts";
import { AnyDisk } from "../../../src/storage/remote/any-disk.ts";
import { KeptClusters } from "../../../src/storage/remote/clusters.ts";
import { RemoteDisk } from "../../../src/storage/remote/remote-disk.ts";
import { StagedRemoteFiles } from "../../../src/storage/remote/remote-files.ts";
import { type LocalFileSystem, localFileSystem } from "../../support/local-file-system.ts";

let root: string;
let cluster: LocalFileSystem;
let database: Database;

async function open(bytesMax = 2 ** 30): Promise<void> {
  root = await mkdtemp(join(tmpdir(), "pond-remote-"));
  const disk = new NodeDisk();
  await disk.mkdir(`${root}/cluster`);
  cluster = localFileSystem(`${root}/cluster`);
  const clusters = new KeptClusters(() => Promise.resolve(cluster));
  const any = new AnyDisk(disk, new RemoteDisk({ clusters, random: new NodeRandom() }));
  const remote = new StagedRemoteFiles(
    { disk: any, clock: new NodeClock() },
    { directory: `${root}/staging`, bytesMax },
  );
  database = await Database.open(
    { threads: 2, memoryBytes: 2 ** 29, tempDirectory: `${root}/temp`, timeZone: "UTC" },
    { remote },
  );
}

beforeEach(() => open());
afterEach(async () => {
  await database.close();
  await rm(root, { recursive: true, force: true });
});

const WIDE =
  "SELECT i AS a, hash(i) AS b, md5(i::VARCHAR) AS c, {'x': i, 'y': md5(i::VARCHAR)} AS s FROM range(400000) t(i)";

async function wide(): Promise<number> {
  await using connection = await database.connect();
  await connection.run(
    `COPY (${WIDE}) TO '3fs://fake:1/wide.parquet' (FORMAT parquet, ROW_GROUP_SIZE 50000)`,
  );
  return (await stat(`${root}/cluster/wide.parquet`)).size;
}

describe("statements over files of a cluster", () => {
  it("write there what the same statement writes here", async () => {
    await wide();
    await using connection = await database.connect();
    await connection.run(`COPY (${WIDE}) TO '${root}/here.parquet' (FORMAT parquet, ROW_GROUP_SIZE 50000)`);
    const sum = "SELECT count(*) AS n, sum(hash(t)) AS h FROM";
    const there = await connection.row(`${sum} read_parquet('3fs://fake:1/wide.parquet') t`);
    expect(there).toEqual(await connection.row(`${sum} read_parquet('${root}/here.parquet') t`));
    const bytes = await readFile(`${root}/cluster/wide.parquet`);
    expect(bytes.subarray(0, 4).toString()).toBe("PAR1");
  });

  it("fetch the columns they read, and no others", async () => {
    const size = await wide();
    await using connection = await database.connect();
    const before = cluster.bytesRead();
    const row = await connection.row("SELECT sum(a) AS sum FROM read_parquet('3fs://fake:1/wide.parquet')");
    expect(row.sum).toBe(String((400_000 * 399_999) / 2));
    expect(cluster.bytesRead() - before).toBeLessThan(size / 4);
  });

  it("fetch what a filter, an order, a field of a struct and a join read", async () => {
    await wide();
    await using connection = await database.connect();
    const from = "FROM read_parquet(['3fs://fake:1/wide.parquet'])";
    const same = `FROM (${WIDE})`;
    for (const query of [
      (f: string) => `SELECT a ${f} WHERE c LIKE 'ab%' AND b > 5 ORDER BY a`,
      (f: string) => `SELECT c ${f} ORDER BY b LIMIT 7`,
      (f: string) => `SELECT sum(s.x) AS x, min(s.y) AS y ${f}`,
      (f: string) => `SELECT count(*) AS n ${f}`,
      (f: string) =>
        `SELECT sum(l.a) AS n FROM (SELECT a ${f}) l JOIN (SELECT b, a ${f} WHERE a < 1000) r USING (a)`,
    ]) {
      expect(await connection.rows(query(from))).toEqual(await connection.rows(query(same)));
    }
  });

  it("fetch the row groups that hold the rows of a slice", async () => {
    const size = await wide();
    await using connection = await database.connect();
    const before = cluster.bytesRead();
    const rows = await connection.rows(
      "SELECT min(a) AS min, max(a) AS max, max(c) AS c FROM (SELECT * FROM read_parquet(['3fs://fake:1/wide.parquet']) WHERE file_row_number >= 100000 AND file_row_number < 120000)",
    );
    expect(rows[0]).toMatchObject({ min: "100000", max: "119999" });
    expect(cluster.bytesRead() - before).toBeLessThan(size / 3);
  });

  it("see a file anew when it was replaced, and fetch nothing again when it was not", async () => {
    await wide();
    await using connection = await database.connect();
    const query = "SELECT max(a) AS max FROM '3fs://fake:1/wide.parquet'";
    expect((await connection.row(query)).max).toBe("399999");
    const before = cluster.bytesRead();
    await connection.row(query);
    expect(cluster.bytesRead()).toBe(before);
    await connection.run("COPY (SELECT 7 AS a) TO '3fs://fake:1/wide.parquet' (FORMAT parquet)");
    expect((await connection.row(query)).max).toBe(7);
  });

  it("read patterns, text files and the columns that directories say", async () => {
    await using connection = await database.connect();
    await cluster.mkdir("/t/year=2024", { recursive: true });
    await cluster.mkdir("/t/year=2025", { recursive: true });
    await cluster.writeFile("/t/year=2024/a.csv", "x\n1\n2\n");
    await cluster.writeFile("/t/year=2025/b.csv", "x\n3\n");
    const rows = await connection.rows(
      "SELECT year, sum(x) AS x FROM read_csv('3fs://fake:1/t/*/*.csv', hive_partitioning = true) GROUP BY year ORDER BY year",
    );
    expect(rows).toEqual([
      { year: "2024", x: "3" },
      { year: "2025", x: "3" },
    ]);
  });

  it("give names of files as people know them, in rows and in errors", async () => {
    await using connection = await database.connect();
    const written = await connection.rows(
      "COPY (SELECT 1 AS a, 2 AS p) TO '3fs://fake:1/out' (FORMAT parquet, PARTITION_BY (p), RETURN_STATS)",
    );
    expect(written[0]?.filename).toBe("3fs://fake:1/out/p=2/data_0.parquet");
    const bad = connection.rows("SELECT nothing FROM read_parquet('3fs://fake:1/out/p=2/data_0.parquet')");
    await expect(bad).rejects.toMatchObject({ code: "SQL_BINDING" });
    await cluster.writeFile("/bad.parquet", "this is no Parquet file at all");
    const corrupt = connection.rows("SELECT * FROM '3fs://fake:1/bad.parquet'");
    await expect(corrupt).rejects.toThrow("3fs://fake:1/bad.parquet");
    await expect(connection.rows("SELECT * FROM '3fs://fake:1/none.parquet'")).rejects.toMatchObject({
      code: "ENOENT",
    });
    await expect(connection.rows("SELECT * FROM '3fs://fake:1/n*.parquet'")).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
  });

  it("leave nothing of a write that failed", async () => {
    await using connection = await database.connect();
    const failing = connection.run(
      "COPY (SELECT CASE WHEN i = 3000000 THEN error('late') ELSE i END AS a FROM range(4000000) t(i)) TO '3fs://fake:1/late.parquet' (FORMAT parquet, ROW_GROUP_SIZE 100000)",
    );
    await expect(failing).rejects.toThrow("late");
    expect(await cluster.exists("/late.parquet")).toBe(false);
  });

  it("refuse views, which would be read when nobody fetches", async () => {
    await using connection = await database.connect();
    const view = connection.run("CREATE VIEW v AS SELECT * FROM '3fs://fake:1/a.parquet'");
    await expect(view).rejects.toMatchObject({ code: "REMOTE_VIEW" });
  });

  it("keep what fits, drop what nobody uses, and refuse what is too much", async () => {
    await wide();
    await database.close();
    const kept = root;
    const disk = new NodeDisk();
    const clusters = new KeptClusters(() => Promise.resolve(cluster));
    const any = new AnyDisk(disk, new RemoteDisk({ clusters, random: new NodeRandom() }));
    const size = (await stat(`${kept}/cluster/wide.parquet`)).size;
    const remote = new StagedRemoteFiles(
      { disk: any, clock: new NodeClock() },
      { directory: `${kept}/staging2`, bytesMax: Math.floor(size * 0.6) },
    );
    database = await Database.open(
      { threads: 2, memoryBytes: 2 ** 29, tempDirectory: `${kept}/temp`, timeZone: "UTC" },
      { remote },
    );
    await using connection = await database.connect();
    await cluster.copy("/wide.parquet", "/again.parquet");
    for (const name of ["wide", "again", "wide"]) {
      const row = await connection.row(`SELECT max(c) AS c FROM '3fs://fake:1/${name}.parquet'`);
      expect(row.c).toMatch(/^ffff/);
    }
    const all = connection.rows("SELECT sum(hash(t)) FROM '3fs://fake:1/wide.parquet' t");
    await expect(all).rejects.toMatchObject({ code: "STAGING_FULL" });
  });
});
