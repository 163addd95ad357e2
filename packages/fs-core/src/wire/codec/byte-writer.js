/**
 * Bytes of messages and rows, written in order. Integers are little endian.
 *
 * What is finished is cut out of a larger piece of memory, in which the next value goes on: to make and to free an array
 * of its own for each row takes longer than to write it.
 */
import { assert, InvariantError } from "@smallpond/base";
const FIRST_BYTES = 256;
const PIECE_BYTES = 8192;
/** After a value as large as this the rest of its memory is let go, so that small ones do not keep it alive. */
const PIECE_BYTES_MAX = 65_536;
/** Reusable: `reset` forgets what was written, `finish` hands it over; both go on with nothing. */
export class ByteWriter {
    #piece = new Uint8Array(FIRST_BYTES);
    #view = new DataView(this.#piece.buffer);
    /** Where the value begins, and where it ends so far. */
    #start = 0;
    #end = 0;
    get size() {
        return this.#end - this.#start;
    }
    u8(value) {
        if (!(Number.isInteger(value) && value >= 0 && value <= 0xff))
            throw unfit("u8", value);
        const at = this.#room(1);
        this.#piece[at] = value;
    }
    u16(value) {
        if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff))
            throw unfit("u16", value);
        const at = this.#room(2);
        this.#view.setUint16(at, value, true);
    }
    u32(value) {
        if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff))
            throw unfit("u32", value);
        const at = this.#room(4);
        this.#view.setUint32(at, value, true);
    }
    u64(value) {
        if (value < 0n || value > 0xffffffffffffffffn)
            throw unfit("u64", value);
        const at = this.#room(8);
        this.#view.setBigUint64(at, value, true);
    }
    i64(value) {
        if (value < -0x8000000000000000n || value > 0x7fffffffffffffffn)
            throw unfit("i64", value);
        const at = this.#room(8);
        this.#view.setBigInt64(at, value, true);
    }
    f64(value) {
        const at = this.#room(8);
        this.#view.setFloat64(at, value, true);
    }
    /** Small numbers in few bytes: seven bits each, the lowest first. A safe integer of at least 0. */
    varint(value) {
        if (!(Number.isSafeInteger(value) && value >= 0))
            throw unfit("count", value);
        let rest = value;
        while (rest >= 0x80) {
            const at = this.#room(1);
            this.#piece[at] = (rest % 0x80) | 0x80;
            rest = Math.floor(rest / 0x80);
        }
        const at = this.#room(1);
        this.#piece[at] = rest;
    }
    /** As they are, without their length. */
    raw(bytes) {
        const at = this.#room(bytes.length);
        this.#piece.set(bytes, at);
    }
    /** Text that is ASCII as it is, without its length. */
    ascii(text) {
        const at = this.#room(text.length);
        for (let index = 0; index < text.length; index++) {
            const code = text.charCodeAt(index);
            assert(code < 0x80, "not ASCII");
            this.#piece[at + index] = code;
        }
    }
    /** What was written, owned by the caller; its `buffer` holds other values too. The writer goes on with nothing. */
    finish() {
        const finished = this.#piece.subarray(this.#start, this.#end);
        this.#start = this.#end;
        if (this.#piece.length > PIECE_BYTES_MAX)
            this.#renew(FIRST_BYTES);
        return finished;
    }
    /** What was written, until the next call. */
    get writtenView() {
        return this.#piece.subarray(this.#start, this.#end);
    }
    reset() {
        this.#end = this.#start;
    }
    /** Where the next `count` bytes go; the memory may be another one afterwards. */
    #room(count) {
        if (this.#end + count > this.#piece.length) {
            this.#renew(Math.max(PIECE_BYTES, 2 * (this.size + count)));
        }
        const at = this.#end;
        this.#end += count;
        return at;
    }
    /** Goes on in a new piece, with what was written so far. */
    #renew(byteCount) {
        const written = this.writtenView;
        const piece = new Uint8Array(Math.max(byteCount, written.length));
        piece.set(written);
        this.#piece = piece;
        this.#view = new DataView(piece.buffer);
        this.#start = 0;
        this.#end = written.length;
    }
}
function unfit(what, value) {
    return new InvariantError(`not a ${what}: ${value}`);
}
