/** The files behind the scans of one action: listed once, fingerprinted once, and for CSV and JSON typed once. */
import type { Disk } from "@smallpond/base";
import { csvScanSql } from "../dataset/csv.ts";
import { fingerprintFiles, type InputFiles } from "../dataset/fingerprint.ts";
import { jsonScanSql } from "../dataset/json.ts";
import { listFiles } from "../dataset/paths.ts";
import type { BoundSchema, DatabaseConnection } from "../duckdb/database.ts";
import { type FileScan, isFileScan, type LogicalNode, type NodeId, topological } from "../logical/node.ts";
import { atNode } from "../planner/node-error.ts";

interface Typed {
  readonly fingerprint: string;
  readonly schema: BoundSchema;
}

/** Inferred columns of a session's CSV and JSON scans. Inference reads whole files, so it is done once. */
export type TypedScans = Map<NodeId, Typed>;

const EXTENSIONS = {
  "parquet-scan": [".parquet", ".parq", ".pq"],
  "csv-scan": [".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst"],
  "json-scan": [
    ".json",
    ".jsonl",
    ".ndjson",
    ".json.gz",
    ".jsonl.gz",
    ".ndjson.gz",
    ".json.zst",
    ".jsonl.zst",
    ".ndjson.zst",
  ],
} as const;

export class Inputs {
  readonly #disk: Disk;
  readonly #connection: DatabaseConnection;
  readonly #typed: TypedScans;
  readonly #listed = new Map<NodeId, Promise<InputFiles>>();

  constructor(disk: Disk, connection: DatabaseConnection, typed: TypedScans) {
    this.#disk = disk;
    this.#connection = connection;
    this.#typed = typed;
  }

  of(scan: FileScan): Promise<InputFiles> {
    let listed = this.#listed.get(scan.id);
    if (listed === undefined) {
      listed = this.#list(scan);
      this.#listed.set(scan.id, listed);
    }
    return listed;
  }

  /** The files of all scans below a node, as one text per scan. */
  async fingerprints(node: LogicalNode): Promise<Map<NodeId, string>> {
    const prints = new Map<NodeId, string>();
    for (const scan of topological(node).filter(isFileScan)) {
      prints.set(scan.id, (await this.of(scan)).fingerprint);
    }
    return prints;
  }

  /** Bytes of all files below a node. */
  async bytes(node: LogicalNode): Promise<number> {
    let bytes = 0;
    for (const scan of topological(node).filter(isFileScan)) bytes += (await this.of(scan)).bytes;
    return bytes;
  }

  /** The inferred columns of a scan that infers any, so that every later statement reads the same types. */
  async inferred(scan: FileScan): Promise<BoundSchema | undefined> {
    if (scan.kind === "parquet-scan" || scan.options.schema !== undefined) return undefined;
    // Files that lack some columns cannot be read with a fixed list of them.
    if (scan.kind === "csv-scan" && scan.options.unionByName) return undefined;
    const { files, fingerprint } = await this.of(scan);
    const known = this.#typed.get(scan.id);
    if (known?.fingerprint === fingerprint) return known.schema;
    const query =
      scan.kind === "csv-scan" ? csvScanSql(files, scan.options) : jsonScanSql(files, scan.options);
    const schema = await this.#connection.bind(query);
    this.#typed.set(scan.id, { fingerprint, schema });
    return schema;
  }

  async #list(scan: FileScan): Promise<InputFiles> {
    try {
      const files = await listFiles(this.#disk, this.#connection, {
        paths: scan.paths,
        extensions: EXTENSIONS[scan.kind],
        recursive: scan.kind === "parquet-scan" && scan.options.recursive === true,
      });
      return await fingerprintFiles(this.#disk, files);
    } catch (error) {
      throw atNode(error, scan);
    }
  }
}
