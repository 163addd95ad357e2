import { DisposalStack } from "@smallpond/base";
import { expect, test } from "vitest";

test("releases run in reverse order, one after the other", async () => {
  const log: string[] = [];
  {
    await using stack = new DisposalStack();
    stack.defer(async () => {
      await Promise.resolve();
      log.push("first");
    });
    const used = stack.use({ [Symbol.dispose]: () => log.push("second") });
    expect(used).toBeDefined();
    expect(stack.use(undefined)).toBeUndefined();
    stack.use({ [Symbol.asyncDispose]: async () => void log.push("third") });
    log.push("work");
  }
  expect(log).toEqual(["work", "third", "second", "first"]);
});

test("one failing release stops no other and is thrown as it is", async () => {
  const log: string[] = [];
  const stack = new DisposalStack();
  stack.defer(() => log.push("ran"));
  const failure = new Error("stuck");
  stack.defer(() => {
    throw failure;
  });
  await expect(stack.close()).rejects.toBe(failure);
  expect(log).toEqual(["ran"]);
});

test("several failures arrive together, in the order they happened", async () => {
  const stack = new DisposalStack();
  stack.defer(() => Promise.reject(new Error("one")));
  stack.defer(() => Promise.reject(new Error("two")));
  const error = (await stack.close().catch((caught: unknown) => caught)) as AggregateError;
  expect(error.errors.map((part: Error) => part.message)).toEqual(["two", "one"]);
});

test("closing twice releases once, and nothing can be added afterwards", async () => {
  let count = 0;
  const stack = new DisposalStack();
  stack.defer(() => (count += 1));
  await Promise.all([stack.close(), stack.close()]);
  expect(count).toBe(1);
  expect(() => stack.defer(() => {})).toThrow(expect.objectContaining({ code: "DISPOSED", kind: "closed" }));
});

test("a moved stack owns everything", async () => {
  const log: string[] = [];
  const kept = await (async () => {
    await using stack = new DisposalStack();
    stack.defer(() => log.push("released"));
    return stack.move();
  })();
  expect(log).toEqual([]);
  await kept.close();
  expect(log).toEqual(["released"]);
});
