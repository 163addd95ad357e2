/** Clusters as this machine reaches them. The file system's client is loaded when a job names a file of one. */
import { type Clock, type Disk, PondError, parseBytes, type Random } from "@smallpond/base";
import type { RemoteFiles } from "../duckdb/remote-files.ts";
import { AnyDisk } from "../storage/remote/any-disk.ts";
import { type Clusters, KeptClusters } from "../storage/remote/clusters.ts";
import { RemoteDisk } from "../storage/remote/remote-disk.ts";
import { StagedRemoteFiles } from "../storage/remote/remote-files.ts";
import { environment } from "./environment.ts";

export interface MachineFiles {
  /** Local paths, and URLs of clusters. */
  readonly disk: Disk;
  readonly clusters: Clusters;
  /** Statements over files of clusters, staged below a local directory. */
  stage(directory: string): RemoteFiles;
}

/** At most so many bytes of clusters' files are kept on this machine by one process. `POND_STAGING_BYTES`. */
const STAGING_BYTES_MAX = 64 * 2 ** 30;

export function machineFiles(deps: {
  readonly local: Disk;
  readonly clock: Clock;
  readonly random: Random;
}): MachineFiles {
  const { local, clock, random } = deps;
  const env = environment();
  const clusters = new KeptClusters(async (cluster) => {
    const { connect } = await import("@smallpond/fs-core/platform");
    return await connect(urlOf(cluster, env.POND_URL));
  });
  const disk = new AnyDisk(local, new RemoteDisk({ clusters, random }));
  const given = env.POND_STAGING_BYTES;
  const bytesMax = given === undefined ? STAGING_BYTES_MAX : parseBytes(given);
  return {
    disk,
    clusters,
    stage: (directory) => new StagedRemoteFiles({ disk, clock }, { directory, bytesMax }),
  };
}

function urlOf(cluster: string, byVariable: string | undefined): string {
  if (cluster !== "") return `3fs://${cluster}`;
  if (byVariable !== undefined) return byVariable;
  throw new PondError("BAD_URL", {
    kind: "invalid",
    message: "3fs:///… names no cluster",
    hint: "write 3fs://host:port/path, or set POND_URL to the cluster's URL",
  });
}
