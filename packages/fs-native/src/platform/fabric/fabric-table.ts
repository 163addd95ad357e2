/**
 * The table through which an endpoint and its addon tell each other operations and outcomes; native/fabric/endpoint.cc
 * describes the layout. One call hands over a whole batch.
 */
import type { DriverOperation, OperationKind, Outcomes } from "../../fabric/driver.ts";

const OPCODE: Readonly<Record<OperationKind, number>> = { receive: 0, send: 1, read: 2, write: 3 };

const OPERATION_LANES = 10;
const OUTCOME_LANES = 4;

export class FabricTable implements Outcomes {
  readonly buffer: ArrayBuffer;
  readonly entries: number;
  readonly #lanes: Int32Array;
  readonly #doubles: Float64Array;
  readonly #longs: BigUint64Array;
  readonly #outcomes: number;
  count = 0;

  constructor(entries: number) {
    const operationBytes = entries * OPERATION_LANES * 4;
    this.entries = entries;
    this.buffer = new ArrayBuffer(operationBytes + entries * OUTCOME_LANES * 4);
    this.#lanes = new Int32Array(this.buffer);
    this.#doubles = new Float64Array(this.buffer);
    this.#longs = new BigUint64Array(this.buffer);
    this.#outcomes = entries * OPERATION_LANES;
  }

  /** `region` is the addon's number of it. */
  put(index: number, region: number, operation: DriverOperation): void {
    const at = index * OPERATION_LANES;
    const lanes = this.#lanes;
    lanes[at] = OPCODE[operation.kind];
    lanes[at + 1] = operation.slot;
    lanes[at + 2] = region;
    lanes[at + 3] = operation.length;
    this.#doubles[(at + 4) / 2] = operation.offset;
    this.#longs[(at + 6) / 2] = operation.address;
    this.#longs[(at + 8) / 2] = operation.key;
  }

  /** Why the operation was not taken. */
  refusal(index: number): number {
    return this.#lanes[index * OPERATION_LANES]!;
  }

  slot(index: number): number {
    return this.#lanes[this.#outcomes + index * OUTCOME_LANES]!;
  }

  result(index: number): number {
    return this.#lanes[this.#outcomes + index * OUTCOME_LANES + 1]!;
  }

  peer(index: number): number {
    return this.#lanes[this.#outcomes + index * OUTCOME_LANES + 2]!;
  }
}
