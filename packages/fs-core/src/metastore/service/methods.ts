/** The methods of the metastore's owner. Only members of the cluster reach rows. */
import { type Method, method, SERVICE } from "../../wire/index.ts";
import type { CommitOutcome } from "../transaction.ts";
import {
  commitAnswer,
  commitQuestion,
  type RangeAnswer,
  type RangeQuestion,
  type ReadAnswer,
  type ReadQuestion,
  rangeAnswer,
  rangeQuestion,
  readAnswer,
  readQuestion,
} from "./messages.ts";

const ID = SERVICE.metastore << 8;

export const METASTORE_READ: Method<ReadQuestion, ReadAnswer> = method({
  id: ID | 1,
  name: "metastore.read",
  question: readQuestion,
  answer: readAnswer,
  access: "member",
  repeatable: true,
});

export const METASTORE_RANGE: Method<RangeQuestion, RangeAnswer> = method({
  id: ID | 2,
  name: "metastore.range",
  question: rangeQuestion,
  answer: rangeAnswer,
  access: "member",
  repeatable: true,
});

/** The sender repeats it itself, because each further one says that it is not the first. */
export const METASTORE_COMMIT: Method<Uint8Array, CommitOutcome> = method({
  id: ID | 3,
  name: "metastore.commit",
  question: commitQuestion,
  answer: commitAnswer,
  access: "member",
  repeatable: false,
});
