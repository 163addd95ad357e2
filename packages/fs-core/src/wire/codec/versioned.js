/** Bytes that say which version of a format they are: rows on disk, and what is kept for long. */
import { u8 } from "./codec.ts";
/** A codec whose bytes begin with a version: another one is refused, not guessed at. */
export function versioned(version, codec) {
    return {
        write: (w, value) => {
            w.u8(version);
            codec.write(w, value);
        },
        read: (r) => {
            const found = u8.read(r);
            if (found !== version)
                throw r.bad(`version ${found} where ${version} is known`);
            return codec.read(r);
        },
    };
}
