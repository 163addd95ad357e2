import { type Codec, versioned } from "../../wire/codec/index.ts";
import { type Config, configCodec } from "../model/config.ts";

/** One version of one kind's configuration. */
export const configRow: Codec<Config> = versioned(1, configCodec);
