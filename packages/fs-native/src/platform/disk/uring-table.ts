/**
 * The table through which a ring and its addon tell each other operations and outcomes; native/core/ring.cc describes
 * the layout. One call hands over a whole batch.
 */

export const OPCODE = { read: 0, write: 1, sync: 2, datasync: 3, allocate: 4 } as const;
/** Has the operation run by a thread of the kernel's: a buffered copy would otherwise run inside the submitting call. */
export const ASYNC = 0x100;
/** Modes of fallocate(2); a hole is PUNCH_HOLE with KEEP_SIZE. */
export const ALLOCATE = { reserve: 0, punch: 0x03 } as const;

const OPERATION_LANES = 8;
const OUTCOME_LANES = 2;

/** An operation as the table holds it. */
export interface TableOperation {
  readonly opcode: number;
  readonly file: number;
  /** Of the region; for `allocate` the mode. */
  readonly region: number;
  readonly offset: number;
  readonly length: number;
  readonly position: number;
}

export class UringTable {
  readonly buffer: ArrayBuffer;
  readonly #lanes: Int32Array;
  readonly #doubles: Float64Array;
  readonly #outcomes: number;

  constructor(entries: number) {
    const operationBytes = entries * OPERATION_LANES * 4;
    this.buffer = new ArrayBuffer(operationBytes + entries * OUTCOME_LANES * 4);
    this.#lanes = new Int32Array(this.buffer);
    this.#doubles = new Float64Array(this.buffer);
    this.#outcomes = entries * OPERATION_LANES;
  }

  put(index: number, id: number, operation: TableOperation): void {
    const at = index * OPERATION_LANES;
    const lanes = this.#lanes;
    lanes[at] = operation.opcode;
    lanes[at + 1] = operation.file;
    lanes[at + 2] = id;
    lanes[at + 3] = operation.region;
    this.#doubles[(at + 4) / 2] = operation.position;
    if (operation.opcode === OPCODE.allocate) this.#doubles[(at + 6) / 2] = operation.length;
    else {
      lanes[at + 6] = operation.offset;
      lanes[at + 7] = operation.length;
    }
  }

  id(outcome: number): number {
    return this.#lanes[this.#outcomes + outcome * OUTCOME_LANES]!;
  }

  result(outcome: number): number {
    return this.#lanes[this.#outcomes + outcome * OUTCOME_LANES + 1]!;
  }
}
