/** What the sides of a file system benchmark do, and how much of it. */
import type { BenchContext } from "../../harness/benchmark.ts";

export type FsOperation =
  /** Files from front to back in pieces of 1 MiB, and a sync of each at the end. */
  | "sequential-write"
  | "sequential-read"
  /** 4 KiB anywhere in one file, so many asked for together. */
  | "random-read"
  /** So many written together, then a sync. */
  | "random-write"
  /** Made, written, read, removed. */
  | "small-files"
  /** Samples of 2 KiB to 2 MiB, 256 at once, from files all over. */
  | "data-loader"
  /** By 16 writers, all at once. */
  | "checkpoint-save"
  | "checkpoint-load";

export interface FsWork {
  readonly operation: FsOperation;
  readonly files: number;
  /** Operations under way at once. */
  readonly depth: number;
}

export const KIB: number = 2 ** 10;
export const MIB: number = 2 ** 20;
export const PAGE: number = 4 * KIB;

export const WORKS: readonly FsWork[] = [
  ...([1, 16] as const).flatMap((files): readonly FsWork[] => [
    { operation: "sequential-write", files, depth: files },
    { operation: "sequential-read", files, depth: files },
  ]),
  ...([1, 32, 256] as const).flatMap((depth): readonly FsWork[] => [
    { operation: "random-read", files: 1, depth },
    { operation: "random-write", files: 1, depth },
  ]),
  { operation: "small-files", files: 0, depth: 16 },
  { operation: "data-loader", files: 0, depth: 256 },
  { operation: "checkpoint-save", files: 16, depth: 16 },
  { operation: "checkpoint-load", files: 16, depth: 16 },
];

export function nameOf({ operation, files, depth }: FsWork): string {
  if (operation.startsWith("sequential")) return `${operation}-${files}`;
  return operation.startsWith("random") ? `${operation}-${depth}` : operation;
}

/** All files of a round together. */
export function bytesOf({ operation }: FsWork, { quick, checkpointBytes }: BenchContext): number {
  if (operation.startsWith("checkpoint")) return 16 * (quick ? MIB : checkpointBytes);
  return (quick ? 16 : 512) * MIB;
}

/** Files of the data loader, or small ones; sizes of the others follow from the bytes. */
export function countOf({ operation, files }: FsWork, { quick, loaderFiles }: BenchContext): number {
  if (operation === "small-files") return quick ? 64 : 512;
  return operation === "data-loader" ? loaderFiles : files;
}

/** What is told per second: 4 KiB operations, small files, samples; MiB of all others. */
export function operationsOf(work: FsWork, context: BenchContext): number {
  switch (work.operation) {
    case "random-read":
    case "random-write": {
      const most = context.quick ? 256 : work.operation === "random-read" ? 32_768 : 4096;
      return work.depth === 1 ? most / 8 : most;
    }
    case "small-files":
      return countOf(work, context);
    case "data-loader":
      return context.quick ? work.depth : 2 * work.depth;
    default:
      return bytesOf(work, context) / MIB;
  }
}

export function checkOf(work: FsWork, context: BenchContext): string {
  return `${operationsOf(work, context)} of ${nameOf(work)}`;
}

/** The same numbers for every side: Numerical Recipes' generator. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

/** Between 2 KiB and 2 MiB, as many of each power of two. */
export function sampleBytes(draw: (below: number) => number): number {
  return 2 ** (11 + draw(10)) + draw(2 * KIB);
}
