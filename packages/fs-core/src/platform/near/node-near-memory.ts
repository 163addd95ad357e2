/** Processes of one machine meet at an abstract unix socket, which nobody on another machine or in another network reaches. */
import { toHex } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import {
  connectDescriptors,
  type DescriptorChannel,
  type DescriptorListener,
  descriptorPair,
  listenForDescriptors,
} from "@smallpond/fs-native";
import { decode, encode } from "../../wire/codec/index.ts";
import type {
  NearInvitation,
  NearLink,
  NearMemory,
  NearPlaceToCome,
} from "../../wire/transport/near-memory.ts";
import { DescriptorLink } from "./descriptor-link.ts";
import { linkWordCodec } from "./near-words.ts";

/** How long somebody who is invited may take, and somebody who comes to say why. */
const WAIT_MS = 10_000;
const WORD_BYTES = 16;

type Arrived = (channel: DescriptorChannel | undefined) => void;

/** Undefined where memory cannot be shown. */
export function openNearMemory(): NodeNearMemory | undefined {
  try {
    for (const end of descriptorPair()) void end.close();
    return new NodeNearMemory();
  } catch {
    return undefined;
  }
}

export class NodeNearMemory implements NearMemory, AsyncDisposable {
  readonly #random: NodeRandom = new NodeRandom();
  readonly #address: string = `@pond-${toHex(this.#random.bytes(WORD_BYTES))}`;
  readonly #invited: Map<string, Arrived> = new Map();
  #listener: DescriptorListener | undefined;
  /** Those who came and have not said why. */
  #greeting = 0;

  invite(): NearInvitation {
    const word = this.#random.bytes(WORD_BYTES);
    let link: NearLink | undefined;
    let isCancelled = false;
    const arrived = this.#arrived(toHex(word)).then(async (channel) => {
      if (channel === undefined || isCancelled) return void channel?.close();
      link = await linkOver(channel);
      if (isCancelled) link?.close();
      return link;
    });
    this.#listen();
    const cancel = (): void => {
      isCancelled = true;
      this.#invited.get(toHex(word))?.(undefined);
      link?.close();
    };
    return { address: this.#address, word, link: arrived, cancel };
  }

  async accept({ address, word }: NearPlaceToCome): Promise<NearLink | undefined> {
    // Nothing but a name of ours is called on a stranger's word.
    if (!/^@pond-[0-9a-f]{32}$/.test(address)) return undefined;
    let channel: DescriptorChannel | undefined;
    try {
      channel = await connectDescriptors(address, { signal: AbortSignal.timeout(WAIT_MS) });
      await channel.send(encode(linkWordCodec, { kind: "hello", word }));
      return await linkOver(channel);
    } catch {
      await channel?.close();
      return undefined;
    }
  }

  async close(): Promise<void> {
    for (const arrived of [...this.#invited.values()]) arrived(undefined);
    await this.#listener?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #arrived(word: string): Promise<DescriptorChannel | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => arrived(undefined), WAIT_MS).unref();
      const arrived: Arrived = (channel) => {
        clearTimeout(timer);
        this.#invited.delete(word);
        resolve(channel);
      };
      this.#invited.set(word, arrived);
    });
  }

  #listen(): void {
    if (this.#listener !== undefined) return;
    try {
      this.#listener = listenForDescriptors(this.#address);
    } catch {
      // No descriptor is left: whoever is invited finds nobody, and it goes on without.
      return;
    }
    void this.#welcome(this.#listener);
  }

  async #welcome(listener: DescriptorListener): Promise<void> {
    for await (const channel of listener) {
      // Anybody may knock: those whom nobody waits for are not listened to.
      if (this.#greeting >= this.#invited.size) void channel.close();
      else void this.#greet(channel);
    }
  }

  async #greet(channel: DescriptorChannel): Promise<void> {
    this.#greeting += 1;
    try {
      using message = await channel.receive({ signal: AbortSignal.timeout(WAIT_MS) });
      const word = message === undefined ? undefined : decode(linkWordCodec, message.bytes);
      const arrived = word?.kind === "hello" ? this.#invited.get(toHex(word.word)) : undefined;
      if (arrived !== undefined) return arrived(channel);
    } catch {
      // Whoever it is has nothing to say.
    } finally {
      this.#greeting -= 1;
    }
    await channel.close();
  }
}

async function linkOver(channel: DescriptorChannel): Promise<NearLink | undefined> {
  const link = await DescriptorLink.open(channel).catch(() => undefined);
  if (link === undefined) await channel.close();
  else void link.listen();
  return link;
}
