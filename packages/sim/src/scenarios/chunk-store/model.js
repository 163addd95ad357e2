/**
 * What a store was asked for and what it acknowledged, kept outside of the simulated machine. Each chunk has one client, so a
 * chunk is in one state, or, after an operation without an answer, in the one before or the one after it.
 */
import { equalBytes, PondError } from "@smallpond/base";
export const NOTHING = { committed: undefined, pending: undefined, answered: 0 };
export class ChunkModel {
    key;
    /** One, unless an operation is under way or ended without an answer. */
    #possible = [NOTHING];
    /** Every content that was current or may have become so, in order; undefined for none. */
    #history = [undefined];
    #isAccepted = false;
    constructor(key) {
        this.key = key;
    }
    get possible() {
        return this.#possible;
    }
    /** The only state it can be in. */
    get state() {
        if (this.#possible.length !== 1)
            throw new Error(`chunk ${this.key.chunk} is in one of several states`);
        return this.#possible[0];
    }
    /** An operation begins that makes `next` of what there is. */
    begin(next) {
        const before = this.state;
        this.#possible = [before, next];
        if (next.committed !== before.committed)
            this.#history.push(next.committed?.bytes);
    }
    /** It happened. */
    done() {
        this.#possible = [this.#possible.at(-1)];
    }
    /** It did not. */
    refused() {
        this.#possible = [this.#possible[0]];
        // A reader may have begun meanwhile: what it may see ends with what is current.
        if (this.#history.at(-1) !== this.state.committed?.bytes)
            this.#history.push(this.state.committed?.bytes);
    }
    /** It was looked at, and is in this state. */
    found(state) {
        this.#isAccepted = false;
        this.#possible = [state];
        if (this.#history.at(-1) !== state.committed?.bytes)
            this.#history.push(state.committed?.bytes);
    }
    /** Whatever it is in is right: the store said that it may miss something. */
    accept() {
        this.#isAccepted = true;
    }
    get isAccepted() {
        return this.#isAccepted;
    }
    /** From when on a reader that begins now may see contents. */
    get readMark() {
        return this.#history.length - this.#possible.length;
    }
    /** Throws unless a reader that began at `mark` may see this. */
    assertMaySee(mark, bytes) {
        const from = Math.max(0, mark);
        if (this.#history.slice(from).some((content) => isSame(content, bytes)))
            return;
        throw wrong(this.key, `${describe(bytes)} was read, which nobody may see any more or yet`);
    }
}
/** Throws unless one of the possible states is this. */
export function matching(model, found) {
    const match = model.possible.find((state) => isSameVersion(state.committed, found.committed) &&
        isSameVersion(state.pending, found.pending) &&
        state.answered === found.answered);
    if (match !== undefined)
        return match;
    const expected = model.possible.map(describeState).join(" or ");
    throw wrong(model.key, `${describeState(found)} was found where ${expected} was acknowledged`);
}
export function wrong(key, message) {
    return new PondError("WRONG_CHUNK", { kind: "internal", message: `chunk ${key.chunk}: ${message}` });
}
function isSameVersion(a, b) {
    return a?.version === b?.version && isSame(a?.bytes, b?.bytes);
}
function isSame(a, b) {
    return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
function describeState({ committed, pending, answered }) {
    const parts = [`request ${answered} answered`, `committed ${describeVersion(committed)}`];
    if (pending !== undefined)
        parts.push(`pending ${describeVersion(pending)}`);
    return parts.join(", ");
}
function describeVersion(version) {
    return version === undefined ? "nothing" : `version ${version.version} (${describe(version.bytes)})`;
}
function describe(bytes) {
    return bytes === undefined ? "no chunk" : `${bytes.length} bytes that begin with ${bytes.subarray(0, 4)}`;
}
