/**
 * What this user knows of clusters: `clusters.json` of its configuration directory, by `host:port`. It holds tokens, so
 * only its owner may read it.
 */
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { PondError } from "@smallpond/base";
import { lockDirectory } from "./cluster-directory/directory-lock.ts";
import { readTextFile, writePrivateFile } from "./cluster-directory/private-file.ts";

export interface ClusterProfile {
  readonly clusterId: string;
  /** A user's, in its text form. */
  readonly token: string;
}

/** By `host:port`, as URLs name them. */
export type ClusterProfiles = Readonly<Record<string, ClusterProfile>>;

const WAIT_MS = 5000;

/** `$XDG_CONFIG_HOME/pond/clusters.json`, by default below `~/.config`. */
export function clusterProfilesPath(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), ".config"), "pond", "clusters.json");
}

/** None where there is no such file. */
export async function readClusterProfiles(path: string = clusterProfilesPath()): Promise<ClusterProfiles> {
  const text = await readTextFile(path);
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as ClusterProfiles;
  } catch (cause) {
    throw new PondError("PROFILES_BAD", {
      kind: "invalid",
      message: `${path} is not JSON`,
      hint: "mend or remove it; pond cluster up writes its cluster into it again",
      cause,
    });
  }
}

/** One after another when several processes do it. */
export async function rememberCluster(
  profiles: ClusterProfiles,
  path: string = clusterProfilesPath(),
): Promise<void> {
  const directory = join(path, "..");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await using _lock = await lockDirectory(directory, { waitMs: WAIT_MS });
  const known = await readClusterProfiles(path);
  await writePrivateFile(path, `${JSON.stringify({ ...known, ...profiles }, undefined, 2)}\n`);
}
