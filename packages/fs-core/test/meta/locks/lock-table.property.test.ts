/** The table against the plainest thing that could be right: who holds each byte, and how. */
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { ClientId, RequestId } from "../../../src/ids.ts";
import {
  type FileLock,
  type LockMode,
  type LockOwner,
  type LockTable,
  lockTableRow,
  NO_LOCKS,
} from "../../../src/meta/locks/lock.ts";
import { release } from "../../../src/meta/locks/lock-table.ts";
import { requestLock } from "../../../src/meta/locks/request-lock.ts";
import { decode, encode } from "../../../src/wire/codec/index.ts";

const BYTES = 12;
const OWNERS = 3;

type Step = { readonly owner: number; readonly begin: number; readonly end: number } & (
  | { readonly kind: "lock"; readonly mode: LockMode }
  | { readonly kind: "unlock" }
);

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc
    .tuple(
      fc.constantFrom("shared", "exclusive", "unlock" as const),
      fc.nat(OWNERS - 1),
      fc.nat(BYTES - 1),
      fc.integer({ min: 1, max: BYTES }),
    )
    .map(([what, owner, begin, length]): Step => {
      const where = { owner, begin, end: Math.min(BYTES, begin + length) };
      return what === "unlock"
        ? { kind: "unlock", ...where }
        : { kind: "lock", mode: what as LockMode, ...where };
    }),
  { maxLength: 40 },
);

const owner = (id: number): LockOwner => ({
  client: "c".repeat(32) as ClientId,
  flavour: "posix",
  id: BigInt(id),
});

/** `model[owner][byte]`. */
type Model = (LockMode | undefined)[][];

test.prop([steps])("locks and unlocks bytes as one by one", (sequence) => {
  const model: Model = Array.from({ length: OWNERS }, () => new Array<undefined>(BYTES).fill(undefined));
  let table: LockTable = NO_LOCKS;
  for (const step of sequence) {
    const range = { begin: BigInt(step.begin), end: BigInt(step.end) };
    if (step.kind === "unlock") {
      table = release(table, owner(step.owner), range);
      model[step.owner]!.fill(undefined, step.begin, step.end);
    } else {
      const lock: FileLock = { ...range, owner: owner(step.owner), mode: step.mode, pid: 0 };
      const request = { lock, ticket: "0".repeat(32) as RequestId, wait: false };
      const verdict = requestLock(table, request, { nowMs: 0, waiterStaleMs: 1 });
      expect(verdict.kind === "granted").toBe(isFree(model, step));
      if (verdict.kind === "granted") {
        table = verdict.table;
        model[step.owner]!.fill(step.mode, step.begin, step.end);
      }
    }
    expect(bytesOf(table)).toEqual(model);
    expectNoPiecesThatTouch(table);
    expect(decode(lockTableRow, encode(lockTableRow, table))).toEqual(table);
  }
});

function isFree(model: Model, step: Step & { readonly kind: "lock" }): boolean {
  return model.every(
    (modes, other) =>
      other === step.owner ||
      modes
        .slice(step.begin, step.end)
        .every((mode) => mode === undefined || (mode === "shared" && step.mode === "shared")),
  );
}

function bytesOf(table: LockTable): Model {
  const model: Model = Array.from({ length: OWNERS }, () => new Array<undefined>(BYTES).fill(undefined));
  for (const {
    owner: { id },
    mode,
    begin,
    end,
  } of table.held) {
    for (let byte = Number(begin); byte < Number(end); byte++) {
      expect(model[Number(id)]![byte]).toBeUndefined();
      model[Number(id)]![byte] = mode;
    }
  }
  return model;
}

function expectNoPiecesThatTouch(table: LockTable): void {
  for (const [place, lock] of table.held.entries()) {
    const next = table.held[place + 1];
    if (next === undefined || next.owner.id !== lock.owner.id || next.mode !== lock.mode) continue;
    expect(next.begin > lock.end).toBe(true);
  }
}
