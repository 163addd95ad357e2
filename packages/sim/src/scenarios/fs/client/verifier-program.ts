/** When all is over: reads every file that has a name, whole, and tells which there are. */
import { type FileSystem, isFsError } from "@smallpond/fs-core";
import type { Program, Seams } from "../../../world/process.ts";
import { aborted } from "../../mind/aborted.ts";
import type { FileHistory } from "../history/file-history.ts";

export interface FinalFile {
  readonly inode: bigint;
  readonly dataVersion: number;
}

export interface VerifierOptions {
  readonly history: FileHistory;
  readonly connect: (seams: Seams, name: string) => Promise<FileSystem>;
  /** Called once. */
  readonly found: (files: readonly FinalFile[]) => void;
}

const NAME = "verifier";
const TRIES_MAX = 20;

export function verifierProgram({ history, connect, found }: VerifierOptions): Program {
  return async (seams) => {
    const fs = await connect(seams, NAME);
    const files: FinalFile[] = [];
    const names: string[] = [];
    await insist(seams, async () => {
      names.length = 0;
      for await (const { name, kind } of fs.readdir("/")) if (kind === "file") names.push(name);
    });
    for (const name of names) {
      await insist(seams, async () => {
        files.push(await readWhole({ fs, history, note: (text) => seams.lifetime.note(text) }, `/${name}`));
      });
    }
    if (seams.alive()) found(files);
    await aborted(seams.stop);
    await fs.close();
  };
}

interface Reading {
  readonly fs: FileSystem;
  readonly history: FileHistory;
  readonly note: (text: string) => void;
}

async function readWhole({ fs, history, note }: Reading, path: string): Promise<FinalFile> {
  const look = history.look(NAME);
  const { inode, dataVersion, size } = await fs.stat(path);
  note(`found ${path}: inode ${inode}, version ${dataVersion}, ${size} bytes`);
  look.answered(`${inode}`, Number(size));
  const read = history.call(NAME, { kind: "read", file: `${inode}`, offset: 0 });
  try {
    read.answered(await fs.readFile(path));
  } catch (error) {
    read.refused();
    throw error;
  }
  return { inode, dataVersion };
}

/** What was just healed may take a moment. Whoever is asked for too often says why. */
async function insist({ clock, stop }: Seams, work: () => Promise<void>): Promise<void> {
  for (let tries = 1; !stop.aborted; tries++) {
    try {
      return await work();
    } catch (error) {
      if (isFsError(error, "ENOENT")) return;
      if (tries >= TRIES_MAX) throw error;
    }
    await clock.sleep(200);
  }
}
