/** The write verbs of a frame: what was asked becomes a node, and its files a result. */
import type { StoredDataset } from "../dataset/stored-dataset.ts";
import type { LogicalNode, NodeMeta } from "../logical/node.ts";
import { withColumns } from "../logical/with-columns.ts";
import { WRITE_VERBS, type Write, write } from "../logical/write.ts";
import { describeNode } from "../planner/describe.ts";
import type { ActionOptions } from "./engine.ts";
import type { FrameHost } from "./frame-host.ts";
import { runAction } from "./run-action.ts";
import {
  arrowSpec,
  castColumns,
  csvSpec,
  jsonSpec,
  parquetSpec,
  type WriteArrowOptions,
  type WriteCsvOptions,
  type WriteJsonOptions,
  type WriteOptions,
  type WriteParquetOptions,
} from "./write-options.ts";

export interface WriteResult {
  readonly path: string;
  readonly files: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

/** The options of each format's verbs. */
export interface WriteOptionsOf {
  readonly parquet: WriteParquetOptions;
  readonly csv: WriteCsvOptions;
  readonly json: WriteJsonOptions;
  readonly arrow: WriteArrowOptions;
}

export type WriteFormat = keyof WriteOptionsOf;

/** A file, or a directory of files, to be written in some format. */
export interface WriteRequest<F extends WriteFormat = WriteFormat> {
  readonly format: F;
  readonly path: string;
  readonly options: WriteOptionsOf[F];
  /** Whether a frame will read the rows. */
  readonly read: boolean;
}

export function writeNode(meta: () => NodeMeta, input: LogicalNode, request: WriteRequest): Write {
  const spec = { ...specOf(request), read: request.read };
  const casts = castColumns(WRITE_VERBS[request.format], (request.options as WriteOptions).casts);
  return write(meta(), casts === null ? input : withColumns(meta(), input, casts), spec);
}

/** Writes now. */
export async function writeFrame<F extends WriteFormat>(
  host: FrameHost,
  input: LogicalNode,
  request: WriteRequest<F>,
  options: ActionOptions,
): Promise<WriteResult> {
  const node = writeNode(() => host.meta(), input, request);
  return await runAction(host, { name: describeNode(node), options }, async (signal, action) =>
    writeResult(node, await host.engine.write(node, { signal, action })),
  );
}

function writeResult(node: Write, published: StoredDataset): WriteResult {
  const files = published.partitions.flat();
  return {
    path: node.spec.path,
    files: files.map((file) => file.path),
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  };
}

function specOf({ format, path, options }: WriteRequest): ReturnType<typeof parquetSpec> {
  switch (format) {
    case "parquet":
      return parquetSpec(path, options as WriteParquetOptions);
    case "csv":
      return csvSpec(path, options as WriteCsvOptions);
    case "json":
      return jsonSpec(path, options as WriteJsonOptions);
    case "arrow":
      return arrowSpec(path, options as WriteArrowOptions);
    default:
      return format satisfies never;
  }
}
