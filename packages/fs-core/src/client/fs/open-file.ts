/** An open file as reading and writing see it: what is known of it, and how to know it anew. */
import type { SignalOptions } from "@smallpond/base";
import type { InodeId } from "../../ids.ts";
import type { FileData } from "../../meta/collect/chunk-service.ts";
import type { FileInode } from "../../meta/model/inode.ts";
import type { CapabilitySource } from "../chunks/chunk-io.ts";
import type { AskedAt } from "./asking.ts";

export interface FileView {
  readonly file: FileInode;
  /** All bytes of a small file, which has no chunks. */
  readonly content: Uint8Array | undefined;
  /** When the question was sent: it is no older. */
  readonly asked: AskedAt;
}

export interface OpenFile {
  /** As it was opened. */
  readonly path: string;
  readonly inode: InodeId;
  readonly capability: CapabilitySource;
  readonly isReadable: boolean;
  readonly view: FileView;
  /** Asks metadata, after the call began. Many who ask at once may share a question. */
  refresh(options?: SignalOptions): Promise<FileView>;
  /** Somebody of this client changed the file: what is known is not believed any more. */
  forget(): void;
}

export function dataIn({ id, dataVersion, layout }: FileInode): FileData {
  return { inode: id, dataVersion, layout };
}

/** Whether bytes that were read of the one may be taken for the other's. */
export function isSameData(a: FileView, b: FileView): boolean {
  return (
    a.file.dataVersion === b.file.dataVersion &&
    a.file.truncateVersion === b.file.truncateVersion &&
    a.file.inline === b.file.inline
  );
}
