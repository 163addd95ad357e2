/** Everything that clients asked of a file system, and the store as the witness of what became of it. */
import { PondError } from "@smallpond/base";
import type { RequestId, StoreMutation } from "@smallpond/fs-core";
import { type RequestSeen, requestsIn } from "@smallpond/fs-core/testing";
import { History, type Operation } from "../../checkers/history.ts";
import { type Model, UNKNOWN } from "../../checkers/model.ts";
import { NAMESPACE } from "../../checkers/namespace/model.ts";
import {
  describeOutput,
  isReadOnly,
  type NamespaceInput,
  type NamespaceOutput,
} from "../../checkers/namespace/operations.ts";
import { assertSerializableAs, type Witnessed } from "../../checkers/witness.ts";
import { translate } from "./translate.ts";

export interface Asked {
  readonly request: RequestId;
  readonly input: NamespaceInput;
}

type State = ReturnType<typeof NAMESPACE.init>;

/** The namespace, of operations that carry their request. */
const ASKED: Model<State, Asked, NamespaceOutput> = {
  name: NAMESPACE.name,
  init: () => NAMESPACE.init(),
  step: (state, { input }, output) => NAMESPACE.step(state, input, output),
  key: (state) => NAMESPACE.key(state),
  readOnly: ({ input }) => isReadOnly(input),
  describe: ({ input }, output) => NAMESPACE.describe(input, output),
};

export class OperationsLog {
  readonly history: History<Asked, NamespaceOutput>;
  readonly #records: Map<RequestId, { readonly place: number; readonly seen: RequestSeen }> = new Map();

  constructor(deps: { readonly nowMs: () => number }) {
    this.history = new History(deps);
  }

  /** The store wrote a batch. Throws if a request took effect twice (I8). */
  onApplied(batch: readonly StoreMutation[]): void {
    for (const seen of requestsIn(batch)) {
      if (this.#records.has(seen.request))
        throw wrong("REQUEST_TWICE", `request ${seen.request} was answered twice`);
      this.#records.set(seen.request, { place: this.#records.size, seen });
    }
  }

  /** Throws unless the order of the store explains all that clients were answered. */
  check(): void {
    const operations = this.history.operations().flatMap((operation) => this.#witnessed(operation));
    assertSerializableAs(ASKED, operations);
    const made = new Set<bigint>();
    for (const { input, output, place } of operations) {
      if (place === undefined || output === UNKNOWN || "code" in output || output.id === undefined) continue;
      if (!["create", "mkdir", "symlink"].includes(input.input.kind)) continue;
      if (made.has(output.id))
        throw wrong("INODE_TWICE", `two inodes were made with the number ${output.id}`);
      made.add(output.id);
    }
  }

  /** With what the store knows of it; nothing if it certainly never happened. */
  #witnessed(operation: Operation<Asked, NamespaceOutput>): readonly Witnessed<Asked, NamespaceOutput>[] {
    const { input, output } = operation;
    const record = this.#records.get(input.request);
    const what = `${operation.client}: ${NAMESPACE.describe(input.input, output)}`;
    const isError = output !== UNKNOWN && "code" in output;
    // Nobody has a table of chains in the beginning, which is not the namespace's business.
    if (isError && output.code === "ENODEV") return [];
    if (isReadOnly(input.input)) return output === UNKNOWN ? [] : [{ ...operation, place: undefined }];
    if (record === undefined) {
      if (output === UNKNOWN) return [];
      if (!isError) throw wrong("ANSWER_LOST", `it was acknowledged and never written: ${what}`);
      return [{ ...operation, place: undefined }];
    }
    const { place, seen } = record;
    const told: NamespaceOutput =
      seen.record.kind === "error"
        ? { code: seen.record.code }
        : translate(input.input).recorded(seen.record.bytes);
    if (output !== UNKNOWN && describeOutput(told) !== describeOutput(output)) {
      throw wrong(
        "ANSWER_CHANGED",
        `the store has the answer ${describeOutput(told)}, told was another: ${what}`,
      );
    }
    // An error that nobody was told says only that the request will never do anything.
    if (seen.record.kind === "error") return output === UNKNOWN ? [] : [{ ...operation, place: undefined }];
    return [{ ...operation, output: told, place }];
  }
}

function wrong(code: string, message: string): PondError {
  return new PondError(code, { kind: "internal", message });
}
