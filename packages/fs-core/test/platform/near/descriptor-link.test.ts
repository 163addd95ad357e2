import { readdirSync } from "node:fs";
import { type BufferLease, type BufferPool, descriptorPair, openBufferPool } from "@smallpond/fs-native";
import { afterEach, describe, expect, test } from "vitest";
import { DescriptorLink } from "../../../src/platform/near/descriptor-link.ts";
import { linkWordCodec } from "../../../src/platform/near/near-words.ts";
import { openNearMemory } from "../../../src/platform/near/node-near-memory.ts";
import { encode } from "../../../src/wire/codec/index.ts";
import type { NearLoan, RegionPart } from "../../../src/wire/transport/near-memory.ts";

const MIB = 2 ** 20;
const MISSING =
  openNearMemory() === undefined ? " (no memory can be shown here: build the addon)" : undefined;

interface Ends {
  readonly lender: DescriptorLink;
  readonly borrower: DescriptorLink;
}

const links: DescriptorLink[] = [];

async function linked(): Promise<Ends> {
  const [first, second] = descriptorPair();
  const lender = (await DescriptorLink.open(first))!;
  const borrower = (await DescriptorLink.open(second))!;
  links.push(lender, borrower);
  void lender.listen();
  void borrower.listen();
  return { lender, borrower };
}

function poolOf(bytesMax: number): BufferPool {
  return openBufferPool({ showable: true, poison: true, regionBytes: bytesMax, bytesMax });
}

function partOf(lease: BufferLease, offset = 0, length = lease.length - offset): RegionPart {
  return { region: lease.region, offset: lease.offset + offset, length };
}

/** Once the other side sees the memory. */
async function lent({ lender }: Ends, ...parts: Parameters<DescriptorLink["lend"]>[0]): Promise<NearLoan> {
  for (;;) {
    const loan = lender.lend(parts);
    if (loan !== undefined) return loan;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

afterEach(() => {
  for (const link of links.splice(0)) link.close();
});

describe.skipIf(MISSING !== undefined)(`a link between processes${MISSING ?? ""}`, () => {
  test("what is lent is taken, in the order of its parts", async () => {
    const ends = await linked();
    using own = poolOf(16 * MIB).tryTake(10 * MIB)!;
    own.view.subarray(0, 6 * MIB).fill(1);
    own.view.subarray(6 * MIB).fill(2);
    const loan = await lent(ends, partOf(own, 7 * MIB, 10), partOf(own, 0, 6 * MIB));
    using into = poolOf(16 * MIB).tryTake(8 * MIB)!;
    into.view.fill(9);
    await ends.borrower.take(loan, { lease: into, offset: 5, length: 7 * MIB });
    ends.lender.end(loan);
    const { view } = into;
    expect(view.subarray(0, 5).every((byte) => byte === 9)).toBe(true);
    expect(view.subarray(5, 15).every((byte) => byte === 2)).toBe(true);
    expect(view.subarray(15, 15 + 6 * MIB).every((byte) => byte === 1)).toBe(true);
    expect(view.subarray(15 + 6 * MIB).every((byte) => byte === 9)).toBe(true);
  });

  test("a loan that is called back while it is taken is not taken", async () => {
    const ends = await linked();
    const pools = { own: poolOf(16 * MIB), theirs: poolOf(16 * MIB) };
    const own = pools.own.tryTake(9 * MIB)!;
    using into = pools.theirs.tryTake(9 * MIB)!;
    const loan = await lent(ends, partOf(own));
    const taken = ends.borrower.take(loan, { lease: into, offset: 0, length: into.length });
    ends.lender.end(loan);
    own.release();
    await expect(taken).rejects.toMatchObject({ code: "CANCELLED" });
    // The next one has its place, and is another.
    using again = pools.own.tryTake(9 * MIB)!;
    const next = await lent(ends, partOf(again, 0, 10));
    expect(next.number).toBe(loan.number);
    await expect(
      ends.borrower.take(loan, { lease: into, offset: 0, length: into.length }),
    ).rejects.toMatchObject({ code: "CANCELLED" });
    await ends.borrower.take(next, { lease: into, offset: 0, length: 10 });
  });

  test("either end may go in the middle", async () => {
    for (const goes of ["lender", "borrower"] as const) {
      const ends = await linked();
      using own = poolOf(16 * MIB).tryTake(9 * MIB)!;
      using into = poolOf(16 * MIB).tryTake(9 * MIB)!;
      const loan = await lent(ends, partOf(own));
      const taken = ends.borrower.take(loan, { lease: into, offset: 0, length: into.length });
      ends[goes].close();
      await expect(taken).rejects.toMatchObject({ code: "CANCELLED" });
      expect(ends[goes].lend([partOf(own, 0, 1)])).toBeUndefined();
    }
  });

  test("a caller who gives up has his memory back between two steps", async () => {
    const ends = await linked();
    using own = poolOf(16 * MIB).tryTake(9 * MIB)!;
    using into = poolOf(16 * MIB).tryTake(9 * MIB)!;
    const loan = await lent(ends, partOf(own));
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const taken = ends.borrower.take(loan, { lease: into, offset: 0, length: into.length }, options);
    controller.abort(new Error("enough"));
    await expect(taken).rejects.toThrow("enough");
  });

  test("what was never shown is no memory", async () => {
    const ends = await linked();
    using own = poolOf(MIB).tryTake(4096)!;
    using into = poolOf(MIB).tryTake(4096)!;
    const loan = await lent(ends, partOf(own));
    const [part] = loan.parts;
    const wrong: readonly NearLoan[] = [
      { ...loan, number: 1_000_000 },
      { ...loan, parts: [{ ...part!, region: part!.region + 1000 }] },
      { ...loan, parts: [{ ...part!, offset: MIB }] },
      { ...loan, parts: [{ ...part!, offset: Number.MAX_SAFE_INTEGER }] },
    ];
    for (const each of wrong) {
      const taken = ends.borrower.take(each, { lease: into, offset: 0, length: 4096 });
      await expect(taken).rejects.toMatchObject({ code: "BAD_FRAME" });
    }
  });

  test("nobody is shown more than is looked at, nor lent to by one who hears nothing any more", async () => {
    const [first, second] = descriptorPair();
    const borrower = (await DescriptorLink.open(first))!;
    links.push(borrower);
    void borrower.listen();
    const opened = (): number => readdirSync("/proc/self/fd").length;
    const before = opened();
    using own = poolOf(MIB).tryTake(4096)!;
    for (let region = 0; region < 200; region++) {
      const word = encode(linkWordCodec, { kind: "region", region });
      await second.send(word, [own.region.shown!.fd]);
    }
    await second.send(encode(linkWordCodec, { kind: "region", region: 1000 }), [own.region.shown!.fd]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(opened() - before).toBeLessThan(70);
    expect(borrower.mayLend).toBe(true);
    await second.close();
    while (borrower.mayLend) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(borrower.lend([partOf(own, 0, 1)])).toBeUndefined();
  });

  test("nothing is lent beyond its places, from memory of one's own, or to other people", async () => {
    const ends = await linked();
    using own = poolOf(MIB).tryTake(4096)!;
    const part = partOf(own, 0, 1);
    const loans = [await lent(ends, part)];
    for (let loan = ends.lender.lend([part]); loan !== undefined; loan = ends.lender.lend([part])) {
      loans.push(loan);
    }
    expect(loans).toHaveLength(1024);
    ends.lender.end(loans[500]!);
    expect(ends.lender.lend([part])).toMatchObject({ number: loans[500]!.number });

    using hidden = openBufferPool({ regionBytes: MIB, bytesMax: MIB }).tryTake(4096)!;
    expect(ends.lender.lend([partOf(hidden, 0, 1)])).toBeUndefined();

    const [channel] = descriptorPair();
    const peer = { process: 1, user: 12_345, group: 1 };
    expect(
      await DescriptorLink.open(Object.defineProperty(channel, "peer", { value: peer })),
    ).toBeUndefined();
    await channel.close();
  });
});
