/** The configuration of each kind of process: a text that only that kind understands, with all of its past versions. */
import { type Codec, f64, struct, text, u32, word } from "../../wire/codec/index.ts";

export type ConfigKind = "mgmtd" | "meta" | "storage" | "client";

export interface Config {
  readonly kind: ConfigKind;
  /** From 1. */
  readonly version: number;
  readonly text: string;
  /** Why it was set, in the words of who set it. */
  readonly note: string;
  readonly author: string;
  /** By the primary's wall clock: for people. */
  readonly atMs: number;
}

export const CONFIG_KINDS: readonly ConfigKind[] = ["mgmtd", "meta", "storage", "client"];
export const CONFIG_LIMITS: {
  readonly textBytesMax: number;
  readonly noteBytesMax: number;
  readonly historyMax: number;
} = {
  textBytesMax: 64 * 1024,
  noteBytesMax: 1024,
  historyMax: 32,
};

export const configKindCodec: Codec<ConfigKind> = word(["mgmtd", "meta", "storage", "client"]);

export const configCodec: Codec<Config> = struct({
  kind: configKindCodec,
  version: u32,
  text: text(CONFIG_LIMITS.textBytesMax),
  note: text(CONFIG_LIMITS.noteBytesMax),
  author: text(255),
  atMs: f64,
});
