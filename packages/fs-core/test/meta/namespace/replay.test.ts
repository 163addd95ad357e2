import { describe, expect, test } from "vitest";
import { create } from "../../../src/meta/ops/create.ts";
import { rename } from "../../../src/meta/ops/rename.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { requestKey } from "../../../src/meta/rows/keys.ts";
import { ALICE, at, TestNamespace } from "./namespace.ts";

const file = (path: string, exclusive: boolean = true) =>
  ({ place: at(path), kind: "file", mode: 0o600, rdev: 0, exclusive }) as const;

describe("a request that is sent again", () => {
  test("gets its first answer and takes effect once, whatever happened since", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const request = client.newRequest();
    const first = await client.ask(create, { ...file("/a"), request });
    expect(await client.ask(create, { ...file("/a"), request })).toEqual(first);
    await namespace.client().unlink("/a");
    await namespace.clock.advance(1000);
    expect(await client.ask(create, { ...file("/a"), request })).toEqual(first);
    expect(await client.names("/")).toEqual([]);
  });

  test("does not undo what others did: an unlink takes away one file only", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    await client.create("/a");
    const request = client.newRequest();
    await client.ask(unlink, { place: at("/a"), request });
    await namespace.client().create("/a");
    await client.ask(unlink, { place: at("/a"), request });
    expect(await client.names("/")).toEqual(["a"]);
  });

  test("is refused again if it was refused, though it could be done by now", async () => {
    const client = (await TestNamespace.start()).client();
    const request = client.newRequest();
    const ask = () => client.ask(rename, { from: at("/a"), to: at("/b"), mode: "replace", request });
    const first = await ask().catch((error: unknown) => error);
    await client.create("/a");
    const second = await ask().catch((error: unknown) => error);
    expect(second).toMatchObject({ code: "ENOENT", kind: "invalid", message: (first as Error).message });
    expect(await client.names("/")).toEqual(["a"]);
  });

  test("at the same moment, both get one answer", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const request = client.newRequest();
    const [first, second] = await namespace.eventually(
      Promise.all([
        client.send(create, { ...file("/a"), request }),
        client.send(create, { ...file("/a"), request }),
      ]),
    );
    expect(second).toEqual(first);
  });

  test("gets the answer of the copy that was faster, if it was itself about to be refused", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    namespace.tries = 0;
    const request = client.newRequest();
    const ask = () => client.send(rename, { from: at("/a"), to: at("/b"), mode: "replace", request });
    // Between the refusal and its being remembered the file comes, and a copy of the request finds it.
    namespace.beforeTry = async (tries) => {
      if (tries !== 2) return;
      namespace.beforeTry = async () => {};
      await client.send(create, file("/a"));
      await ask();
    };
    await namespace.eventually(ask());
    expect(await client.names("/")).toEqual(["b"]);
  });

  test("is known however far the clocks on the wall are off", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const request = client.newRequest();
    const first = await client.ask(create, { ...file("/a"), request });
    await client.unlink("/a");
    await namespace.clock.advance(3_600_000);
    expect(await client.ask(create, { ...file("/a"), request })).toEqual(first);
  });

  test("is another request when another client sends it", async () => {
    const namespace = await TestNamespace.start();
    const [one, two] = [namespace.client(), namespace.client()];
    const request = one.newRequest();
    await one.ask(create, { ...file("/a"), request });
    await expect(two.ask(create, { ...file("/a"), request })).rejects.toMatchObject({ code: "EEXIST" });
  });
});

test("a full metadata store is ENOSPC, and all is well when there is room again", async () => {
  const namespace = await TestNamespace.start();
  const client = namespace.client();
  await client.create("/a");
  namespace.store.set({ full: true });
  await expect(client.create("/b")).rejects.toMatchObject({ code: "ENOSPC", kind: "unavailable" });
  await expect(client.unlink("/a")).rejects.toMatchObject({ code: "ENOSPC" });
  await expect(client.unlink("/x")).rejects.toMatchObject({ code: "ENOSPC" });
  expect(await client.names("/")).toEqual(["a"]);
  namespace.store.heal();
  await client.create("/b");
  expect(await client.names("/")).toEqual(["a", "b"]);
});

test("a metadata store that keeps room back is ENOSPC for what is made, and takes what is removed", async () => {
  const namespace = await TestNamespace.start();
  const client = namespace.client();
  await client.create("/a");
  namespace.store.set({ full: "reserved" });
  await expect(client.create("/b")).rejects.toMatchObject({ code: "ENOSPC", kind: "unavailable" });
  await expect(client.unlink("/x")).rejects.toMatchObject({ code: "ENOENT" });
  await client.unlink("/a");
  expect(await client.names("/")).toEqual([]);
});

test("who may not act as somebody is refused without a trace", async () => {
  const namespace = await TestNamespace.start();
  const client = namespace.client(ALICE);
  const request = client.newRequest();
  const as = { uid: 0, gid: 0, groups: [] };
  await expect(client.ask(create, { ...file("/a"), request, as } as never)).rejects.toMatchObject({
    code: "EPERM",
  });
  const key = requestKey(0, client.id, request);
  expect(await namespace.transact((transaction) => transaction.get(key))).toBeUndefined();
});

test("what can never be right is refused without a trace", async () => {
  const namespace = await TestNamespace.start();
  const client = namespace.client();
  const request = client.newRequest();
  await expect(client.ask(create, { ...file("/a\0"), request })).rejects.toMatchObject({ code: "EINVAL" });
  const key = requestKey(0, client.id, request);
  expect(await namespace.transact((transaction) => transaction.get(key))).toBeUndefined();
});
