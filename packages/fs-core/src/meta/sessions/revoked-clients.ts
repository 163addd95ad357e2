/**
 * Clients that were given up. The row is written before the first of their sessions or locks is taken away, and every
 * change reads it with a conflict, see `OperationRunner`: a client that comes back must begin anew, under another id.
 */
import { type Codec, varint, versioned } from "../../wire/codec/index.ts";

/** When it was given up, by the wall clock; the row may be forgotten long after no message can be on its way. */
export const revokedClientRow: Codec<number> = versioned(1, varint);
