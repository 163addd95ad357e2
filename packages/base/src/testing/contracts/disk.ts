/** What every disk promises, as far as one process can see: durability itself takes a power cut to test. */
import type { Disk } from "../../disk.ts";
import type { ContractCase } from "./case.ts";
import { DIRECTORY_CASES } from "./disk-directories.ts";
import { FILE_CASES } from "./disk-files.ts";
import { NAME_CASES } from "./disk-names.ts";

export interface DiskUnderTest extends AsyncDisposable {
  readonly disk: Disk;
  /** An empty directory of the case's own. */
  readonly directory: string;
}

/** One promise, given a disk and an empty directory. */
export type DiskCase = (subject: {
  readonly disk: Disk;
  readonly at: (name: string) => string;
}) => Promise<void>;

export function diskContract(setup: () => Promise<DiskUnderTest>): readonly ContractCase[] {
  return Object.entries({ ...FILE_CASES, ...NAME_CASES, ...DIRECTORY_CASES }).map(([name, body]) => ({
    name,
    run: async () => {
      await using subject = await setup();
      await body({ disk: subject.disk, at: (part) => `${subject.directory}/${part}` });
    },
  }));
}
