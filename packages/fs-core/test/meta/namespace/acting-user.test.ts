import { expect, test } from "vitest";
import { actingUser } from "../../../src/meta/access/acting-user.ts";
import type { Principal } from "../../../src/wire/rpc/method.ts";
import { ALICE } from "./namespace.ts";

const alice: Principal = { kind: "user", user: ALICE };
const admin: Principal = { kind: "user", user: { ...ALICE, uid: 3, admin: true } };
const bob = { uid: 2000, gid: 2000, groups: [50] };

test("users act as themselves, perhaps with other of their groups", () => {
  expect(actingUser(alice, undefined, "stat")).toEqual(ALICE);
  const asked = { uid: 1000, gid: 50, groups: [] };
  expect(actingUser(alice, asked, "stat")).toEqual({ ...asked, admin: false });
});

test.each([
  ["another user", bob],
  ["a group they are not in", { uid: 1000, gid: 0, groups: [] }],
  ["a further group they are not in", { uid: 1000, gid: 1000, groups: [0] }],
])("users do not act as %s", (_, as) => {
  expect(() => actingUser(alice, as, "stat")).toThrow(expect.objectContaining({ code: "EPERM" }));
});

test("admins, and members of the cluster, act as anybody, and are then no admins", () => {
  expect(actingUser(admin, bob, "stat")).toEqual({ ...bob, admin: false });
  expect(actingUser(admin, undefined, "stat")).toMatchObject({ uid: 3, admin: true });
  expect(actingUser({ kind: "member", node: undefined }, bob, "stat")).toEqual({ ...bob, admin: false });
  expect(actingUser({ kind: "member", node: undefined }, undefined, "stat")).toMatchObject({ uid: 0 });
});
