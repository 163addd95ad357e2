/**
 * What a statement writes under a local directory, sent to a cluster while it is written: files grow at their ends only,
 * so whatever is there is there to stay. DuckDB gives some files their name at the end, so they are known by their inode.
 */
import { assert, type Clock, type Disk, type DiskFile } from "@smallpond/base";

export interface UploadPlaces {
  /** A file or directory on this machine, and what it is to be in the cluster. */
  readonly local: string;
  readonly remote: string;
}

const LOOK_MS = 50;
const PIECE_BYTES = 4 * 2 ** 20;
/** Smaller steps are not worth a message while more comes. */
const STEP_BYTES = 2 ** 20;

interface Sending {
  readonly remote: string;
  readonly to: DiskFile;
  sent: number;
}

export class Upload {
  readonly #deps: { readonly clock: Clock; readonly disk: Disk };
  readonly #places: UploadPlaces;
  readonly #files = new Map<bigint, Sending>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(deps: { readonly clock: Clock; readonly disk: Disk }, places: UploadPlaces) {
    this.#deps = deps;
    this.#places = places;
    this.#running = this.#follow();
    this.#running.catch(() => {});
  }

  /** Everything is written: sends the rest. All of it is durable in the cluster afterwards. */
  async finish(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#look({ last: true });
    for (const { to } of this.#files.values()) {
      await to.sync();
      await to.close();
    }
  }

  /** Nothing of it shall be. */
  async abandon(): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => {});
    for (const { to, remote } of this.#files.values()) {
      await to.close().catch(() => {});
      await this.#deps.disk.removeTree(remote).catch(() => {});
    }
  }

  async #follow(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, { signal }).catch(() => {});
      if (!signal.aborted) await this.#look({ last: false });
    }
  }

  async #look(options: { readonly last: boolean }): Promise<void> {
    const { disk } = this.#deps;
    const { local, remote } = this.#places;
    for (const path of await this.#filesOf(local)) {
      const stat = await disk.stat(path).catch(() => undefined);
      if (stat === undefined) continue;
      let sending = this.#files.get(stat.inode);
      if (sending === undefined) {
        if (!options.last && stat.size < STEP_BYTES) continue;
        sending = await this.#begin(finalName(`${remote}${path.slice(local.length)}`));
        this.#files.set(stat.inode, sending);
      }
      if (options.last || stat.size - sending.sent >= STEP_BYTES) await this.#send(path, sending, stat.size);
    }
  }

  /** The file itself, also under the name it has while it is written, or all files below. */
  async #filesOf(path: string): Promise<string[]> {
    const { disk } = this.#deps;
    const stat = await disk.stat(path).catch(() => undefined);
    if (stat === undefined) {
      const temporary = path.replace(/[^/]+$/, "tmp_$&");
      return (await disk.exists(temporary)) ? [temporary] : [];
    }
    if (stat.isFile) return [path];
    const files: string[] = [];
    for (const { name } of await disk.readdir(path)) files.push(...(await this.#filesOf(`${path}/${name}`)));
    return files;
  }

  async #begin(remote: string): Promise<Sending> {
    const { disk } = this.#deps;
    await disk.mkdir(remote.slice(0, remote.lastIndexOf("/")), { recursive: true });
    const to = await disk.open(remote, { write: true, create: true, truncate: true });
    return { remote, to, sent: 0 };
  }

  async #send(path: string, sending: Sending, size: number): Promise<void> {
    await using from = await this.#deps.disk.open(path, { read: true });
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, size - sending.sent));
    while (sending.sent < size) {
      const bytes = buffer.subarray(0, Math.min(buffer.length, size - sending.sent));
      const count = await from.readAt(bytes, sending.sent);
      assert(count === bytes.length, `${path} became shorter while it was sent`);
      await sending.to.writeAt(bytes, sending.sent);
      sending.sent += count;
    }
  }
}

/** DuckDB writes `tmp_a.parquet` and names it `a.parquet` when it is whole. */
function finalName(path: string): string {
  return path.replace(/(?<=\/)tmp_(?=[^/]+$)/, "");
}
