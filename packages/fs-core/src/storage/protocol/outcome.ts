/** Done without anything to tell, or refused. */
import { type Codec, struct, union } from "../../wire/codec/index.ts";
import { type Refusal, refusalCodec } from "./refusal.ts";

export type DoneOrRefused = { readonly kind: "done" } | ({ readonly kind: "refused" } & Refusal);

export const doneOrRefusedCodec: Codec<DoneOrRefused> = union({
  done: [1, struct({})],
  refused: [2, refusalCodec],
}) as Codec<DoneOrRefused>;
