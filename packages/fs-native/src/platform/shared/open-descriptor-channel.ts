/** Makes channels for messages with descriptors: by a path, or as a pair. */
import { rmSync } from "node:fs";
import { isPondError, type SignalOptions } from "@smallpond/base";
import {
  DEFAULT_DESCRIPTOR_SETTINGS,
  type DescriptorChannel,
  type DescriptorChannelSettings,
  type DescriptorListener,
  descriptorError,
} from "../../shared/descriptor-channel.ts";
import { type CoreAddon, coreAddon } from "../core-addon.ts";
import { AcceptQueue } from "../net/accept-queue.ts";
import { SocketDescriptorChannel } from "./descriptor-channel.ts";

const BACKLOG = 128;
/** A socket whose backlog is full refuses at once; it is asked again, this often and this many times. */
const RETRY_MS = 5;
const RETRIES_MAX = 1_000;

export async function connectDescriptors(
  path: string,
  options: Partial<DescriptorChannelSettings> & SignalOptions = {},
): Promise<DescriptorChannel> {
  const { signal, ...given } = options;
  const settings = { ...DEFAULT_DESCRIPTOR_SETTINGS, ...given };
  const addon = channelAddon("connect to", path);
  for (let retries = 0; ; retries++) {
    signal?.throwIfAborted();
    try {
      return new SocketDescriptorChannel(addon, addon.unixConnect(path, true), { name: path, settings });
    } catch (error) {
      const { code = "EOTHER" } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN" || retries === RETRIES_MAX) throw failure(error, "connect to", path);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * `path` must not exist; closing removes it. Who may connect is who may write to it. With an @ in front it is an abstract
 * name: no file, gone with the listener, and open to everybody in the same network namespace.
 */
export function listenForDescriptors(
  path: string,
  settings: Partial<DescriptorChannelSettings> = {},
): DescriptorListener {
  const addon = channelAddon("listen on", path);
  try {
    const all = { ...DEFAULT_DESCRIPTOR_SETTINGS, ...settings };
    return new SocketDescriptorListener(addon, addon.unixListen(path, true, BACKLOG), {
      path,
      settings: all,
    });
  } catch (error) {
    throw failure(error, "listen on", path);
  }
}

/** Two ends that are connected to each other. */
export function descriptorPair(): readonly [DescriptorChannel, DescriptorChannel] {
  const addon = channelAddon("make", "a pair");
  const ends = new Int32Array(2);
  addon.socketPair(ends);
  const options = { name: "a pair", settings: DEFAULT_DESCRIPTOR_SETTINGS };
  const [first, second] = Array.from(ends, (fd) => new SocketDescriptorChannel(addon, fd, options));
  return [first!, second!];
}

class SocketDescriptorListener implements DescriptorListener {
  readonly path: string;
  readonly #queue: AcceptQueue<DescriptorChannel>;

  constructor(
    addon: CoreAddon,
    fd: number,
    options: { readonly path: string; readonly settings: DescriptorChannelSettings },
  ) {
    const { path, settings } = options;
    const open = (accepted: number): DescriptorChannel =>
      new SocketDescriptorChannel(addon, accepted, { name: `a client of ${path}`, settings });
    this.path = path;
    this.#queue = new AcceptQueue({ addon, open }, fd, settings);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DescriptorChannel, void, undefined> {
    try {
      yield* this.#queue;
    } finally {
      await this.close();
    }
  }

  close(): Promise<void> {
    return this.#queue.close(() => this.path.startsWith("@") || rmSync(this.path, { force: true }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function channelAddon(operation: string, channel: string): CoreAddon {
  const core = coreAddon();
  if (core.kind === "loaded" && "sendMessage" in core.addon) return core.addon;
  const reason = core.kind === "missing" ? `core.node is ${core.reason}` : "not on this system";
  throw descriptorError("NATIVE_MISSING", { operation, channel }, { reason });
}

function failure(error: unknown, operation: string, channel: string): unknown {
  if (isPondError(error)) return error;
  const { code = "EOTHER" } = error as NodeJS.ErrnoException;
  return descriptorError(code, { operation, channel }, { cause: error });
}
