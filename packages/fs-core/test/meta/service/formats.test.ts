/** Bytes of rows and messages, held still: what one version wrote, the next one reads. */
import { fromHex, toHex } from "@smallpond/base";
import { describe, expect, it } from "vitest";
import {
  type ClientId,
  chainTableId,
  type InodeId,
  type RequestId,
  type SessionId,
} from "../../../src/ids.ts";
import { moveToTrash } from "../../../src/meta/collect/trash/move-to-trash.ts";
import { cancelLock } from "../../../src/meta/locks/cancel-lock.ts";
import { LOCK_OPERATIONS } from "../../../src/meta/locks/index.ts";
import { LOCK_END, type LockOwner } from "../../../src/meta/locks/lock.ts";
import { releaseLocks } from "../../../src/meta/locks/release-locks.ts";
import { setLock } from "../../../src/meta/locks/set-lock.ts";
import { testLock } from "../../../src/meta/locks/test-lock.ts";
import { unlock } from "../../../src/meta/locks/unlock.ts";
import type { FileInode } from "../../../src/meta/model/inode.ts";
import { garbageRow } from "../../../src/meta/rows/garbage-row.ts";
import { META_OPERATIONS } from "../../../src/meta/service/meta-service.ts";
import { close } from "../../../src/meta/sessions/close.ts";
import { SESSION_OPERATIONS } from "../../../src/meta/sessions/index.ts";
import { openToRead } from "../../../src/meta/sessions/open-to-read.ts";
import { openToWrite } from "../../../src/meta/sessions/open-to-write.ts";
import { appendEndRow, reserveAppend } from "../../../src/meta/sessions/reserve-append.ts";
import { revokedClientRow } from "../../../src/meta/sessions/revoked-clients.ts";
import { writeSessionRow } from "../../../src/meta/sessions/session-row.ts";
import { sync } from "../../../src/meta/sessions/sync.ts";
import { truncate } from "../../../src/meta/sessions/truncate.ts";
import { addToken } from "../../../src/meta/users/add-token.ts";
import { getQuota } from "../../../src/meta/users/get-quota.ts";
import { USER_OPERATIONS } from "../../../src/meta/users/index.ts";
import { listUsers } from "../../../src/meta/users/list-users.ts";
import { removeUser } from "../../../src/meta/users/remove-user.ts";
import { revokeToken } from "../../../src/meta/users/revoke-token.ts";
import { setQuota } from "../../../src/meta/users/set-quota.ts";
import { setUser } from "../../../src/meta/users/set-user.ts";
import { tokenOwnerRow, userRow } from "../../../src/meta/users/user-row.ts";
import { type Codec, decode, encode } from "../../../src/wire/codec/index.ts";

const CLIENT = "c1".repeat(16) as ClientId;
const SESSION = "5e".repeat(16) as SessionId;
const REQUEST = "4e".repeat(16) as RequestId;
const INODE = 0x1234n as InodeId;
const LAYOUT = {
  kind: "replicated",
  table: chainTableId(1),
  tableVersion: 2,
  chunkBytes: 2 ** 20,
  stripe: 4,
  seed: 7,
} as const;
const FILE: FileInode = {
  kind: "file",
  id: INODE,
  mode: 0o644,
  uid: 1000,
  gid: 100,
  nlink: 1,
  atimeNs: 1n,
  mtimeNs: 2n,
  ctimeNs: 3n,
  birthNs: 4n,
  flags: 0,
  quota: 5,
  length: 6n,
  truncateVersion: 7,
  dataVersion: 8,
  layout: LAYOUT,
  inline: false,
  written: true,
  truncating: false,
};
const OWNER: LockOwner = { client: CLIENT, flavour: "posix", id: 9n };
const LOCK = { owner: OWNER, mode: "exclusive", begin: 1n, end: LOCK_END, pid: 42 } as const;
const USER = { uid: 7, name: "anna", gid: 70, groups: [71], admin: false } as const;
const TOKEN = { tokenId: 1n, label: "ci", expiresMs: 2000, createdMs: 1000 } as const;
const PLACE = { directory: 1n as InodeId, under: "a", name: "b" } as const;

const asks = { as: undefined } as const;
const changes = { as: { uid: 1, gid: 2, groups: [3] }, client: CLIENT, request: REQUEST } as const;

function golden<T>(codec: Codec<T>, value: T): readonly [() => unknown, () => unknown, T] {
  const bytes = encode(codec, value);
  return [() => toHex(bytes), () => decode(codec, bytes), value];
}

describe("rows", () => {
  it.each([
    [
      "session",
      golden(writeSessionRow, {
        client: CLIENT,
        uid: 7,
        dataVersion: 3,
        read: true,
        append: false,
        openedMs: 5,
        revoking: true,
      }),
    ],
    ["end of appends", golden(appendEndRow, { end: 9n, dataVersion: 3, truncateVersion: 2 })],
    ["client given up", golden(revokedClientRow, 1234)],
    ["garbage of a file", golden(garbageRow, { garbage: { kind: "file" }, failures: 1 })],
    [
      "garbage of data",
      golden(garbageRow, { garbage: { kind: "data", layout: LAYOUT, writer: SESSION }, failures: 0 }),
    ],
    ["garbage of a tree", golden(garbageRow, { garbage: { kind: "tree", uid: 7 }, failures: 0 })],
    ["user", golden(userRow, { ...USER, tokens: [{ ...TOKEN, hash: new Uint8Array(32).fill(8) }] })],
    ["token", golden(tokenOwnerRow, { uid: 7, tokenId: 1n, expiresMs: 2000 })],
  ] as const)("%s", (name, [hex, read, value]) => {
    expect(hex()).toBe(ROWS[name]);
    expect(read()).toEqual(value);
  });
});

/** Each operation's question and answer, with every part that may be missing there once. */
const MESSAGES: ReadonlyMap<number, readonly [question: unknown, answer: unknown]> = new Map([
  [
    setLock.method.id,
    [{ ...changes, inode: INODE, lock: LOCK, wait: true, ticket: REQUEST }, { outcome: "waiting" }],
  ],
  [unlock.method.id, [{ ...changes, inode: INODE, owner: OWNER, range: { begin: 1n, end: 2n } }, undefined]],
  [testLock.method.id, [{ ...asks, inode: INODE, lock: LOCK }, { inTheWay: LOCK }]],
  [releaseLocks.method.id, [{ ...changes, inode: INODE, owner: OWNER }, undefined]],
  [cancelLock.method.id, [{ ...changes, inode: INODE, ticket: REQUEST }, undefined]],
  [
    openToRead.method.id,
    [
      {
        ...asks,
        client: CLIENT,
        session: SESSION,
        target: { kind: "place", place: PLACE, noFollow: true },
        directory: false,
      },
      { inode: FILE, capability: Uint8Array.of(1), content: Uint8Array.of(2) },
    ],
  ],
  [
    openToWrite.method.id,
    [
      {
        ...changes,
        session: SESSION,
        target: { kind: "inode", inode: INODE },
        read: true,
        append: false,
        truncate: true,
        create: { mode: 0o600, exclusive: true },
      },
      { inode: FILE, capability: Uint8Array.of(1), created: true },
    ],
  ],
  [
    sync.method.id,
    [
      { ...changes, inode: INODE, session: SESSION, wrote: true, hint: { length: 1n, truncateVersion: 2 } },
      { inode: FILE, capability: Uint8Array.of(1) },
    ],
  ],
  [
    close.method.id,
    [{ ...changes, inode: INODE, session: SESSION, wrote: false, hint: undefined }, { inode: FILE }],
  ],
  [
    reserveAppend.method.id,
    [
      { ...changes, inode: INODE, session: SESSION, bytes: 300 },
      { offset: 1n, truncateVersion: 2 },
    ],
  ],
  [truncate.method.id, [{ ...changes, inode: INODE, length: 1n, session: SESSION }, { inode: FILE }]],
  [
    moveToTrash.method.id,
    [
      { ...changes, place: PLACE, keepMs: 5000 },
      { directory: INODE, name: "b-x" },
    ],
  ],
  [setUser.method.id, [{ ...changes, user: USER }, undefined]],
  [removeUser.method.id, [{ ...changes, uid: 7 }, undefined]],
  [
    listUsers.method.id,
    [
      { ...asks, after: 3 },
      { users: [{ user: USER, tokens: [TOKEN] }], more: true },
    ],
  ],
  [
    addToken.method.id,
    [{ ...changes, uid: 7, tokenId: 1n, hash: new Uint8Array(32), label: "x", expiresMs: 5 }, undefined],
  ],
  [revokeToken.method.id, [{ ...changes, uid: 7, tokenId: 1n }, undefined]],
  [setQuota.method.id, [{ ...changes, quota: 5, limits: { bytesMax: 1n, inodesMax: undefined } }, undefined]],
  [
    getQuota.method.id,
    [
      { ...asks, quota: 5 },
      { limits: { bytesMax: undefined, inodesMax: 3n }, bytes: -1n, inodes: 2n },
    ],
  ],
]);

describe("messages", () => {
  const operations = [...SESSION_OPERATIONS, ...LOCK_OPERATIONS, ...USER_OPERATIONS, moveToTrash];

  it.each(operations.map(({ method }) => [method.name, method] as const))("of %s", (name, method) => {
    const [question, answer] = MESSAGES.get(method.id) ?? [];
    const bytes = [encode(method.question, question as never), encode(method.answer, answer)] as const;
    expect(bytes.map((part) => toHex(part))).toEqual(METHODS[name]);
    expect(decode(method.question, fromHex(METHODS[name]![0]))).toEqual(question);
    expect(decode(method.answer, fromHex(METHODS[name]![1]))).toEqual(answer);
  });
});

it("gives every method a number and a name of its own", () => {
  const ids = META_OPERATIONS.map(({ method }) => method.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(META_OPERATIONS.map(({ method }) => method.name)).size).toBe(ids.length);
  for (const id of ids) expect(id >> 8).toBe(3);
});

const ROWS: Readonly<Record<string, string>> = {
  session: "01c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1070000000300000001000501",
  "end of appends": "0109000000000000000300000002000000",
  "client given up": "01d209",
  "garbage of a file": "01010100",
  "garbage of data": "010201010000000200000000001000040007000000015e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e0000",
  "garbage of a tree": "0103070000000000",
  user: "010700000004616e6e614600000001470000000001010000000000000002636901d00fe8070808080808080808080808080808080808080808080808080808080808080808",
  token: "0107000000010000000000000001d00f",
};

const METHODS: Readonly<Record<string, readonly [question: string, answer: string]>> = {
  "meta.close": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e34120000000000005e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e0000",
    "013412000000000000a401e80300006400000001000000010000000000000002000000000000000300000000000000040000000000000000000000050000000600000000000000070000000800000001010000000200000000001000040007000000000100",
  ],
  "meta.openToRead": [
    "00c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c15e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e010100000000000000016101620100",
    "013412000000000000a401e80300006400000001000000010000000000000002000000000000000300000000000000040000000000000000000000050000000600000000000000070000000800000001010000000200000000001000040007000000000100010101010102",
  ],
  "meta.openToWrite": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e02341200000000000001000101800101",
    "013412000000000000a401e80300006400000001000000010000000000000002000000000000000300000000000000040000000000000000000000050000000600000000000000070000000800000001010000000200000000001000040007000000000100010101",
  ],
  "meta.reserveAppend": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e34120000000000005e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5eac02",
    "010000000000000002000000",
  ],
  "meta.sync": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e34120000000000005e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e0101010000000000000002000000",
    "013412000000000000a401e803000064000000010000000100000000000000020000000000000003000000000000000400000000000000000000000500000006000000000000000700000008000000010100000002000000000010000400070000000001000101",
  ],
  "meta.truncate": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e34120000000000000100000000000000015e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e",
    "013412000000000000a401e80300006400000001000000010000000000000002000000000000000300000000000000040000000000000000000000050000000600000000000000070000000800000001010000000200000000001000040007000000000100",
  ],
  "meta.cancelLock": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e34120000000000004e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e",
    "",
  ],
  "meta.releaseLocks": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e3412000000000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1010900000000000000",
    "",
  ],
  "meta.setLock": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e3412000000000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c101090000000000000001010000000000000000000000000000802a000000014e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e",
    "01",
  ],
  "meta.testLock": [
    "003412000000000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c101090000000000000001010000000000000000000000000000802a000000",
    "01c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c101090000000000000001010000000000000000000000000000802a000000",
  ],
  "meta.unlock": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e3412000000000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c101090000000000000001000000000000000200000000000000",
    "",
  ],
  "meta.addToken": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e070000000100000000000000000000000000000000000000000000000000000000000000000000000000000001780105",
    "",
  ],
  "meta.getQuota": ["0005000000", "0100010300000000000000ffffffffffffffff0200000000000000"],
  "meta.listUsers": [
    "000103000000",
    "010700000004616e6e614600000001470000000001010000000000000002636901d00fe80701",
  ],
  "meta.removeUser": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e07000000",
    "",
  ],
  "meta.revokeToken": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e070000000100000000000000",
    "",
  ],
  "meta.setQuota": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e050000000101010000000000000000",
    "",
  ],
  "meta.setUser": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e0700000004616e6e6146000000014700000000",
    "",
  ],
  "meta.moveToTrash": [
    "0101000000020000000103000000c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c14e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e0100000000000000016101628827",
    "341200000000000003622d78",
  ],
};
