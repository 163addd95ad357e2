/** The target of a write, while it runs. */
import type { Disk } from "@smallpond/base";
import { extensionOf } from "../dataset/file-format.ts";
import { checkTarget, openStaging, type PublishTarget, publish } from "../dataset/publish.ts";
import { abandonStaging, recoverTarget } from "../dataset/recover.ts";
import type { StoredDataset } from "../dataset/stored-dataset.ts";
import { keepsInput, readsItsFiles, type Write } from "../logical/write.ts";
import type { PlanContext } from "../planner/context.ts";
import { atNode } from "../planner/node-error.ts";
import { sinkSettings } from "../planner/sink-work.ts";
import type { StageTarget } from "../planner/stage-work.ts";
import type { Owners } from "../storage/owner.ts";

export interface WriteDeps {
  readonly disk: Disk;
  readonly owners: Owners;
}

/** Ends what a killed writer left, and refuses what cannot be written, before any work is done. */
export async function checkWrite(
  { disk, owners }: WriteDeps,
  context: PlanContext,
  node: Write,
): Promise<void> {
  try {
    await recoverTarget(disk, node.spec.path, owners);
    await checkTarget(disk, publishTarget(node, "", owners));
    await sinkSettings(context, node);
  } catch (error) {
    throw atNode(error, node);
  }
}

/** Where the tasks of a write work; `done` is told the files where people find them. */
export async function writeTarget(
  { disk, owners }: WriteDeps,
  node: Write,
  tag: string,
  done: (published: StoredDataset) => void,
): Promise<StageTarget> {
  const target = publishTarget(node, tag, owners);
  const staging = await openStaging(disk, target);
  return {
    root: staging.path,
    done: async (dataset) => done(await publish(disk, dataset, target, staging)),
    abandon: () => abandonStaging(disk, staging),
  };
}

/** What a frame reads that stands for the written rows: the files, or the input that was kept beside them. */
export function rowsOf(
  node: Write,
  published: StoredDataset,
  input: StoredDataset | undefined,
): StoredDataset {
  if (readsItsFiles(node) || !keepsInput(node) || input === undefined) return published;
  return node.spec.singleFile ? { ...input, partitions: [input.partitions.flat()] } : input;
}

function publishTarget({ spec }: Write, tag: string, owners: Owners): PublishTarget {
  const { path, singleFile, mode, durable, format } = spec;
  return { path, singleFile, mode, durable, extension: extensionOf(format), tag, owner: owners.self };
}
