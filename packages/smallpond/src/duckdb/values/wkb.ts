/** A check of well-known binary (OGC 06-103r4, with the Z, M and ZM variants of ISO). DuckDB stores GEOMETRY so. */

/** What is wrong with the bytes as one geometry, or undefined. */
export function wkbProblem(bytes: Uint8Array): string | undefined {
  try {
    const rest = skipGeometry(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, 0);
    return rest === bytes.length ? undefined : `${bytes.length - rest} bytes too many`;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

const POINT = 1;
const LINE = 2;
const POLYGON = 3;
const COLLECTION_MAX = 7;
const DEPTH_MAX = 32;

/** The position after the geometry at `at`. Reading past the end throws a RangeError by itself. */
function skipGeometry(view: DataView, at: number, depth: number): number {
  if (depth > DEPTH_MAX) throw new RangeError(`nested more than ${DEPTH_MAX} deep`);
  if (view.getUint8(at) !== 1) throw new RangeError("its byte order is not little endian");
  const code = view.getUint32(at + 1, true);
  const kind = code % 1000;
  const dimensions = [2, 3, 3, 4][Math.floor(code / 1000)];
  if (dimensions === undefined || kind < POINT || kind > COLLECTION_MAX) {
    throw new RangeError(`it has a geometry of unknown type ${code}`);
  }
  const pointBytes = dimensions * 8;
  if (kind === POINT) return within(view, at + 5 + pointBytes);
  const count = view.getUint32(at + 5, true);
  let next = at + 9;
  if (kind === LINE) return within(view, next + count * pointBytes);
  for (let part = 0; part < count; part++) {
    next =
      kind === POLYGON
        ? within(view, next + 4 + view.getUint32(next, true) * pointBytes)
        : skipGeometry(view, next, depth + 1);
  }
  return next;
}

function within(view: DataView, end: number): number {
  if (end > view.byteLength) throw new RangeError("it ends too early");
  return end;
}
