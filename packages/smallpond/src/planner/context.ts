/** What planning needs from the session: an engine to bind against, and what has been computed already. */
import type { Disk } from "@smallpond/base";
import type { StoredDataset } from "../dataset/stored-dataset.ts";
import type { BoundSchema, DatabaseConnection } from "../duckdb/database.ts";
import type { SqlParser } from "../duckdb/parser.ts";
import type { FunctionSpec, OutputColumn } from "../functions/spec.ts";
import type { FunctionNode } from "../logical/function.ts";
import type { FileScan, NodeId } from "../logical/node.ts";

export interface PlanContext {
  readonly connection: DatabaseConnection;
  readonly parser: SqlParser;
  readonly disk: Disk;
  /** DuckDB's version: hashes are only comparable within one. */
  readonly engine: string;
  /** The result of a node that was computed, this session. */
  stored(id: NodeId): StoredDataset | undefined;
  /** A function as its tasks carry it. Its columns are null until somebody gave them or they were found out. */
  function(node: FunctionNode): FunctionSpec;
  /** The output columns of a function: known, or found out now by calling it for some rows. */
  columns(node: FunctionNode): Promise<readonly OutputColumn[]>;
  /** Remembers what a function's rows showed its columns to be. */
  learned(node: FunctionNode, columns: readonly OutputColumn[]): void;
  /** A scan's files, listed once per plan. */
  files(scan: FileScan): Promise<readonly string[]>;
  /** The columns inferred for a scan that was not given any; undefined for one that need not infer. */
  inferred(scan: FileScan): Promise<BoundSchema | undefined>;
  /** Schemas bound so far, by node. */
  readonly schemas: Map<NodeId, Promise<BoundSchema>>;
}
