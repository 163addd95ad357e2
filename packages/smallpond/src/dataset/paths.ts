/** From what people give as paths to the list of files it stands for. */
import { type Disk, isPondError, PondError } from "@smallpond/base";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { quoteText } from "../duckdb/text.ts";
import { remoteGlob } from "../storage/remote/remote-glob.ts";
import { isRemote } from "../storage/remote/remote-path.ts";
import { isHiveFolder } from "./hive.ts";
import { trimmed } from "./place.ts";
import { isAppendFolder, isStaged } from "./staging.ts";

export interface ListRequest {
  readonly paths: readonly string[];
  /** What to look for in a directory: `.parquet`, `.csv`, … */
  readonly extensions: readonly string[];
  readonly recursive: boolean;
}

/**
 * Lists files, directories and globs, in the order given and each glob's matches sorted. A path that matches nothing is an error, never an
 * empty frame.
 */
export async function listFiles(
  disk: Disk,
  connection: DatabaseConnection,
  request: ListRequest,
): Promise<string[]> {
  const files: string[] = [];
  for (const path of request.paths) {
    const matches = await matchPath(disk, connection, path, request);
    if (matches.length === 0) throw noFiles(path, request);
    files.push(...matches);
  }
  return files;
}

/** A path as a pattern that matches only itself. */
export function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, (char) => `[${char}]`);
}

async function matchPath(
  disk: Disk,
  connection: DatabaseConnection,
  path: string,
  request: ListRequest,
): Promise<string[]> {
  // A name that exists is that file, also when it looks like a pattern.
  const stat = await disk.stat(path).catch((error: unknown) => {
    if (isPondError(error, "ENOENT") || isPondError(error, "ENOTDIR")) return undefined;
    throw error;
  });
  if (stat === undefined) return hasGlob(path) ? await glob(disk, connection, path) : [];
  if (!stat.isDirectory) return [path];
  const entries = await listDirectory(disk, connection, trimmed(path), request.recursive);
  return entries.filter((entry) => request.extensions.some((end) => entry.toLowerCase().endsWith(end)));
}

/** What was appended, and what is laid out by the values of columns, belongs to a directory at any rate. */
async function listDirectory(
  disk: Disk,
  connection: DatabaseConnection,
  path: string,
  recursive: boolean,
): Promise<string[]> {
  if (recursive) return await glob(disk, connection, `${escapeGlob(path)}/**/*`);
  const files = await glob(disk, connection, `${escapeGlob(path)}/*`);
  for (const { name, type } of await disk.readdir(path)) {
    if (type !== "directory" || !(isAppendFolder(name) || isHiveFolder(name))) continue;
    files.push(...(await listDirectory(disk, connection, `${path}/${name}`, recursive)));
  }
  return files;
}

async function glob(disk: Disk, connection: DatabaseConnection, pattern: string): Promise<string[]> {
  const paths = isRemote(pattern) ? await remoteGlob(disk, pattern) : await localGlob(connection, pattern);
  // What others are still writing is nobody's input.
  return paths.filter((path) => !isStaged(path));
}

async function localGlob(connection: DatabaseConnection, pattern: string): Promise<string[]> {
  const rows = await connection.rows(`SELECT file FROM glob(${quoteText(pattern)}) ORDER BY file`);
  return rows.map((row) => row.file as string);
}

function hasGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

function noFiles(path: string, request: ListRequest): PondError {
  const isGlob = hasGlob(path);
  return new PondError("FILE_NOT_FOUND", {
    kind: "invalid",
    message: isGlob
      ? `no file matches ${path}`
      : `there is no file ${path}, or no ${request.extensions[0]} file in it`,
    details: { path },
    hint: isGlob
      ? "check the pattern; ** looks into directories below"
      : "check the path; relative paths start at the working directory, and { recursive: true } looks into directories below",
  });
}
