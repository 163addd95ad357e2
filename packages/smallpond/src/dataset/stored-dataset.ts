/** What a finished stage leaves: Parquet files per partition, with the columns' true types. */

import { columnNames } from "../duckdb/schema.ts";
import { decodeList, emptyStored, type StoredColumn } from "../duckdb/stored-column.ts";
import { type FileSlice, splitRows } from "./file-slice.ts";
import { parquetSlices } from "./parquet.ts";

export interface StoredFile {
  readonly path: string;
  /** Directories above it that say the values of columns: `year=2024/month=5`. */
  readonly folder?: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface StoredDataset {
  readonly columns: readonly StoredColumn[];
  /** Files of each partition, in order. An empty partition may have none. */
  readonly partitions: readonly (readonly StoredFile[])[];
}

export function datasetRows(dataset: StoredDataset): number {
  return allFiles(dataset).reduce((sum, file) => sum + file.rows, 0);
}

export function datasetBytes(dataset: StoredDataset): number {
  return allFiles(dataset).reduce((sum, file) => sum + file.bytes, 0);
}

/** A query over one partition, or over all of them in order. */
export function readStored(dataset: StoredDataset, partition: number | null): string {
  const files = partition === null ? allFiles(dataset) : (dataset.partitions[partition] ?? []);
  return readSlices(dataset, files);
}

/** Queries over `count` even parts of all rows. */
export function readStoredRows(dataset: StoredDataset, count: number): (part: number) => string {
  const parts = splitRows(allFiles(dataset), count);
  return (part) => readSlices(dataset, parts[part] ?? []);
}

function readSlices(dataset: StoredDataset, slices: readonly FileSlice[]): string {
  if (slices.length === 0) return emptyStored(dataset.columns);
  const names = columnNames(dataset.columns);
  return `SELECT ${decodeList(dataset.columns)} FROM (${parquetSlices(slices, names)})`;
}

function allFiles(dataset: StoredDataset): StoredFile[] {
  return dataset.partitions.flat().filter((file) => file.rows > 0);
}
