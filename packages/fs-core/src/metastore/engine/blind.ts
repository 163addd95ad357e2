/** Changes of a row that need not be read: sums and maxima of signed 64-bit numbers, little endian, that wrap. */

export interface BlindStep {
  readonly kind: "add" | "max";
  readonly operand: bigint;
}

/** The row after the steps; a missing row is 0 to `add`, and less than everything to `max`. */
export function blindlyChanged(row: Uint8Array | undefined, steps: readonly BlindStep[]): Uint8Array {
  let number = row === undefined ? undefined : readNumber(row);
  for (const { kind, operand } of steps) {
    if (kind === "add") number = BigInt.asIntN(64, (number ?? 0n) + operand);
    else number = number === undefined || operand > number ? operand : number;
  }
  const changed = new Uint8Array(8);
  new DataView(changed.buffer).setBigInt64(0, number ?? 0n, true);
  return changed;
}

/** The steps with one more, as few as do the same. */
export function withStep(steps: readonly BlindStep[], step: BlindStep): readonly BlindStep[] {
  const last = steps.at(-1);
  if (last?.kind !== step.kind) return [...steps, step];
  const operand =
    step.kind === "add"
      ? BigInt.asIntN(64, last.operand + step.operand)
      : last.operand > step.operand
        ? last.operand
        : step.operand;
  return [...steps.slice(0, -1), { kind: step.kind, operand }];
}

/** A row of another length is cut or filled with zeros: no commit fails because of what others wrote. */
function readNumber(row: Uint8Array): bigint {
  const bytes = new Uint8Array(8);
  bytes.set(row.subarray(0, 8));
  return new DataView(bytes.buffer).getBigInt64(0, true);
}
