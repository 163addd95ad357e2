/** Connections to the clusters that a program names, each made when the first file of it is asked for. */
import type { FileSystem } from "@smallpond/fs-core";

export interface Clusters extends AsyncDisposable {
  /** `cluster` as in `RemotePath`. The connection stays the giver's. */
  open(cluster: string): Promise<FileSystem>;
  close(): Promise<void>;
}

/** One connection for each cluster, kept until the end; a failed one is tried again by whoever asks next. */
export class KeptClusters implements Clusters {
  readonly #connect: (cluster: string) => Promise<FileSystem>;
  readonly #open = new Map<string, Promise<FileSystem>>();

  constructor(connect: (cluster: string) => Promise<FileSystem>) {
    this.#connect = connect;
  }

  open(cluster: string): Promise<FileSystem> {
    const known = this.#open.get(cluster);
    if (known !== undefined) return known;
    const connecting = this.#connect(cluster);
    this.#open.set(cluster, connecting);
    connecting.catch(() => this.#open.delete(cluster));
    return connecting;
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const connecting of all) {
      const fs = await connecting.catch(() => undefined);
      await fs?.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
