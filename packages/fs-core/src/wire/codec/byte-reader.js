/** Bytes of messages and rows, read in order. Whatever is not as it must be is `BAD_MESSAGE`, never a wrong value. */
import { PondError } from "@smallpond/base";
export class ByteReader {
    #bytes;
    /** Made when it is needed: a view on a small array moves that out of the heap. */
    #made;
    #at = 0;
    /** The bytes are borrowed: what is read from them is copied out. */
    constructor(bytes) {
        this.#bytes = bytes;
    }
    get remaining() {
        return this.#bytes.length - this.#at;
    }
    u8() {
        return this.#bytes[this.#take(1)];
    }
    u16() {
        const at = this.#take(2);
        return this.#bytes[at] | (this.#bytes[at + 1] << 8);
    }
    u32() {
        return this.#u32At(this.#take(4));
    }
    u64() {
        const at = this.#take(8);
        return this.#view.getBigUint64(at, true);
    }
    i64() {
        return this.#view.getBigInt64(this.#take(8), true);
    }
    f64() {
        return this.#view.getFloat64(this.#take(8), true);
    }
    /** Only the shortest form of a number is one: equal values have equal bytes. */
    varint() {
        let value = 0;
        let scale = 1;
        for (;;) {
            const byte = this.u8();
            value += (byte & 0x7f) * scale;
            if (!Number.isSafeInteger(value))
                throw this.bad("a count is too large");
            if (byte < 0x80) {
                if (byte === 0 && scale > 1)
                    throw this.bad("a count is not in its shortest form");
                return value;
            }
            scale *= 0x80;
        }
    }
    /** A copy. */
    raw(count) {
        const at = this.#take(count);
        // Not `Buffer.slice`, which would be a view.
        return Uint8Array.prototype.slice.call(this.#bytes, at, at + count);
    }
    /** Until the bytes go. */
    rawView(count) {
        const at = this.#take(count);
        return this.#bytes.subarray(at, at + count);
    }
    /** Demands that everything was read. */
    end() {
        if (this.remaining > 0)
            throw this.bad(`${this.remaining} bytes are left over`);
    }
    bad(reason) {
        return badMessage(reason, this.#at);
    }
    get #view() {
        const { buffer, byteOffset, length } = this.#bytes;
        this.#made ??= new DataView(buffer, byteOffset, length);
        return this.#made;
    }
    #u32At(at) {
        const bytes = this.#bytes;
        return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
    }
    #take(count) {
        if (count > this.remaining)
            throw this.bad(`${count} bytes are needed and ${this.remaining} are there`);
        const at = this.#at;
        this.#at += count;
        return at;
    }
}
export function badMessage(reason, offset) {
    return new PondError("BAD_MESSAGE", {
        kind: "corrupt",
        message: `bytes that are no message of ours: ${reason}`,
        details: { offset },
    });
}
