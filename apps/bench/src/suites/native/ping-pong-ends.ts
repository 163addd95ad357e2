/** The two ends of the ping-pong. */
import { BellPush, Doorbell, type ProcessEvent } from "@smallpond/fs-native";

export const MEMORY_BYTES = 4_096;

export interface PingPong {
  readonly there: ProcessEvent;
  readonly back: ProcessEvent;
  readonly pollMicroseconds: number;
}

/** Words that are written from different sides lie in cache lines of their own. */
const WORD = { ping: 0, pong: 16, pongSleeps: 32, pingSleeps: 48 } as const;

export function ends(
  memory: ArrayBuffer,
  { there, back, pollMicroseconds }: PingPong,
): { readonly ping: () => Promise<void>; readonly pong: () => Promise<void> } {
  const words = new Int32Array(memory);
  const settings = { pollMicroseconds };
  const pongWaits = new Doorbell({ words, index: WORD.pongSleeps }, there, settings);
  const pingWaits = new Doorbell({ words, index: WORD.pingSleeps }, back, settings);
  const wakePong = new BellPush({ words, index: WORD.pongSleeps }, there);
  const wakePing = new BellPush({ words, index: WORD.pingSleeps }, back);
  return {
    async ping() {
      const count = Atomics.add(words, WORD.ping, 1) + 1;
      wakePong.ring();
      await pingWaits.wait(() => Atomics.load(words, WORD.pong) === count);
    },
    async pong() {
      const count = Atomics.load(words, WORD.pong) + 1;
      await pongWaits.wait(() => Atomics.load(words, WORD.ping) === count);
      Atomics.store(words, WORD.pong, count);
      wakePing.ring();
    },
  };
}
