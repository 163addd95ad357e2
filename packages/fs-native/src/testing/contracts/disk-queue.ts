/** What every disk queue promises, whichever engine it has. */
import { unwrap } from "@smallpond/base";
import { type ContractCase, expectCode, expectEqual, expectThat } from "@smallpond/base/testing";
import type { DiskQueue, QueueFile, QueueOpenOptions } from "../../disk/disk-queue.ts";
import type { BufferPool } from "../../memory/pool.ts";

export interface DiskQueueUnderTest extends AsyncDisposable {
  readonly queue: DiskQueue;
  /** With room for 64 MiB of leases at least. */
  readonly pool: BufferPool;
  /** An empty directory of the case's own. */
  readonly directory: string;
  /** How files are opened; every length and position in the cases is a multiple of 4,096. */
  readonly direct: boolean;
}

type Case = (subject: Subject) => Promise<void>;

class Subject {
  readonly #under: DiskQueueUnderTest;

  constructor(under: DiskQueueUnderTest) {
    this.#under = under;
  }

  get queue(): DiskQueue {
    return this.#under.queue;
  }

  get pool(): BufferPool {
    return this.#under.pool;
  }

  at(name: string): string {
    return `${this.#under.directory}/${name}`;
  }

  async open(name: string, options: QueueOpenOptions = {}): Promise<QueueFile> {
    const { direct } = this.#under;
    return await this.queue.open(this.at(name), {
      read: true,
      write: true,
      create: true,
      direct,
      ...options,
    });
  }

  /** Writes a pattern that says where every byte belongs. */
  async fill(file: QueueFile, bytes: number): Promise<void> {
    using lease = await this.pool.take(bytes);
    pattern(lease.view, 0);
    await file.write(lease, 0);
  }
}

const PAGE = 4_096;

const CASES: Readonly<Record<string, Case>> = {
  "a page reads back what was written": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, 4 * PAGE);
    using lease = await subject.pool.take(PAGE);
    expectEqual(await file.read(lease, 2 * PAGE), PAGE, "the bytes read");
    expectPattern(lease.view, 2 * PAGE);
    expectEqual(await file.size(), 4 * PAGE, "the size");
  },

  "a read at the end of the file returns what there is": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, 3 * PAGE);
    using lease = await subject.pool.take(8 * PAGE);
    expectEqual(await file.read(lease, PAGE), 2 * PAGE, "the bytes read across the end");
    expectPattern(lease.view.subarray(0, 2 * PAGE), PAGE);
    expectEqual(await file.read(lease, 3 * PAGE), 0, "the bytes read at the end");
    expectEqual(await file.read(lease, 64 * PAGE), 0, "the bytes read behind the end");
  },

  "a file that ends within a page is read to its end": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, 2 * PAGE);
    await file.truncate(PAGE + 100);
    using lease = await subject.pool.take(4 * PAGE);
    expectEqual(await file.read(lease, 0), PAGE + 100, "the bytes read");
    expectPattern(lease.view.subarray(0, PAGE + 100), 0);
  },

  "parts of a lease are read and written, and the rest of it is left alone": async (subject) => {
    await using file = await subject.open("a");
    using lease = await subject.pool.take(4 * PAGE);
    lease.view.fill(7);
    pattern(lease.view.subarray(PAGE, 2 * PAGE), 0);
    await file.write({ lease, offset: PAGE, length: PAGE }, 0);
    lease.view.fill(9);
    expectEqual(await file.read({ lease, offset: 2 * PAGE, length: PAGE }, 0), PAGE, "the bytes read");
    expectPattern(lease.view.subarray(2 * PAGE, 3 * PAGE), 0);
    expectThat(lease.view[2 * PAGE - 1] === 9, "the byte before is untouched");
    expectThat(lease.view[3 * PAGE] === 9, "the byte behind is untouched");
  },

  "a batch answers in its own order, failures beside successes": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, 64 * PAGE);
    await using readOnly = await subject.open("a", { write: false, create: false });
    const leases = await Promise.all(Array.from({ length: 65 }, () => subject.pool.take(PAGE)));
    const reads = leases.slice(0, 64).map((memory, i) => ({
      kind: "read" as const,
      file,
      memory,
      position: ((i * 37) % 64) * PAGE,
    }));
    const refused = { kind: "write" as const, file: readOnly, memory: leases[64]!, position: 0 };
    const results = await subject.queue.run([...reads.slice(0, 10), refused, ...reads.slice(10)]);
    expectEqual(results.length, 65, "the results");
    const [wrong] = results.filter((_, i) => i === 10);
    expectThat(wrong?.ok === false && wrong.error.code === "EBADF", "the write to a file for reading fails");
    results
      .filter((_, i) => i !== 10)
      .forEach((result, i) => {
        expectEqual(unwrap(result), PAGE, `the bytes of read ${i}`);
        expectPattern(leases[i]!.view, reads[i]!.position);
      });
    for (const lease of leases) lease.release();
    expectEqual(await subject.queue.run([]), [], "an empty batch");
  },

  "more operations than the queue is deep all end": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, 256 * PAGE);
    const leases = await Promise.all(Array.from({ length: 2_000 }, () => subject.pool.take(PAGE)));
    const counts = await Promise.all(leases.map((lease, i) => file.read(lease, (i % 256) * PAGE)));
    expectThat(
      counts.every((count) => count === PAGE),
      "every read is whole",
    );
    leases.forEach((lease, i) => {
      expectPattern(lease.view, (i % 256) * PAGE);
      lease.release();
    });
    expectEqual([subject.queue.inFlight, subject.queue.waiting], [0, 0], "operations under way");
  },

  "writes beside reads of other pages disturb nothing": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, 128 * PAGE);
    const writes = Array.from({ length: 64 }, async (_, i) => {
      using lease = await subject.pool.take(PAGE);
      pattern(lease.view, 1_000_000 + i);
      await file.write(lease, 2 * i * PAGE);
    });
    const reads = Array.from({ length: 64 }, async (_, i) => {
      using lease = await subject.pool.take(PAGE);
      await file.read(lease, (2 * i + 1) * PAGE);
      expectPattern(lease.view, (2 * i + 1) * PAGE);
    });
    await Promise.all([...writes, ...reads]);
    using lease = await subject.pool.take(PAGE);
    for (let i = 0; i < 64; i++) {
      await file.read(lease, 2 * i * PAGE);
      expectPattern(lease.view, 1_000_000 + i);
    }
  },

  "what was made durable is there in another handle": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, PAGE);
    await file.datasync();
    await file.sync();
    await using other = await subject.open("a", { write: false, create: false });
    using lease = await subject.pool.take(PAGE);
    await other.read(lease, 0);
    expectPattern(lease.view, 0);
  },

  "reserved space makes the file longer, and reads as zeros": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, PAGE);
    await file.allocate(0, 8 * PAGE);
    expectEqual(await file.size(), 8 * PAGE, "the size");
    using lease = await subject.pool.take(PAGE);
    await file.read(lease, 7 * PAGE);
    expectThat(
      lease.view.every((byte) => byte === 0),
      "reserved space is zeros",
    );
    await file.read(lease, 0);
    expectPattern(lease.view, 0);
  },

  "a hole reads as zeros, its neighbours stay, and so does the size": async (subject) => {
    await using file = await subject.open("a");
    await subject.fill(file, 64 * PAGE);
    await file.punchHole(16 * PAGE, 16 * PAGE);
    await file.punchHole(60 * PAGE, 100 * PAGE);
    expectEqual(await file.size(), 64 * PAGE, "the size");
    using lease = await subject.pool.take(64 * PAGE);
    await file.read(lease, 0);
    expectPattern(lease.view.subarray(0, 16 * PAGE), 0);
    expectThat(
      lease.view.subarray(16 * PAGE, 32 * PAGE).every((byte) => byte === 0),
      "the hole is zeros",
    );
    expectPattern(lease.view.subarray(32 * PAGE, 60 * PAGE), 32 * PAGE);
    expectThat(
      lease.view.subarray(60 * PAGE).every((byte) => byte === 0),
      "the hole at the end is zeros",
    );
  },

  "opening says what is wrong, and with which file": async (subject) => {
    await expectCode(subject.open("none", { create: false }), "ENOENT");
    await using _file = await subject.open("a");
    await expectCode(subject.open("a", { exclusive: true }), "EEXIST");
    await expectCode(subject.open("a/b"), "ENOTDIR");
    await expectCode(subject.queue.open(subject.at(""), { write: true }), "EISDIR");
    const details = await subject
      .open("none", { create: false })
      .catch((error: { details?: unknown }) => error.details);
    expectEqual(details, { operation: "open", path: subject.at("none") }, "the details");
  },

  "nonsense is refused before it is sent": async (subject) => {
    await using file = await subject.open("a");
    using lease = await subject.pool.take(2 * PAGE);
    for (const position of [-1, -PAGE, 0.5, Number.NaN, 2 ** 53]) {
      await expectCode(file.read(lease, position), "EINVAL");
      await expectCode(file.write(lease, position), "EINVAL");
    }
    for (const part of [
      { offset: PAGE, length: 2 * PAGE },
      { offset: -PAGE, length: PAGE },
      { offset: 0, length: -PAGE },
      { offset: 3 * PAGE },
    ]) {
      await expectCode(file.read({ lease, ...part }, 0), "EINVAL");
    }
    await expectCode(file.allocate(0, 0), "EINVAL");
    await expectCode(file.punchHole(-1, PAGE), "EINVAL");
    expectEqual(await file.size(), 0, "the size");
  },

  "nothing to transfer is nothing to wait for": async (subject) => {
    await using file = await subject.open("a");
    using lease = await subject.pool.take(PAGE);
    expectEqual(await file.read({ lease, length: 0 }, 0), 0, "the bytes read");
    await file.write({ lease, length: 0 }, 0);
    expectEqual(await file.size(), 0, "the size");
  },

  "closing a file waits for what is under way, and is final": async (subject) => {
    const file = await subject.open("a");
    await subject.fill(file, 64 * PAGE);
    const leases = await Promise.all(Array.from({ length: 64 }, () => subject.pool.take(PAGE)));
    const reads = Promise.all(leases.map((lease, i) => file.read(lease, i * PAGE)));
    const closed = file.close();
    await file.close();
    await closed;
    expectThat(
      (await reads).every((count) => count === PAGE),
      "reads that were under way end",
    );
    await expectCode(file.read(leases[0]!, 0), "EBADF");
    await expectCode(file.sync(), "EBADF");
    await expectCode(file.size(), "EBADF");
    for (const lease of leases) lease.release();
  },

  "closing the queue waits for what is under way, and is final": async (subject) => {
    const file = await subject.open("a");
    await subject.fill(file, PAGE);
    using lease = await subject.pool.take(PAGE);
    const read = file.read(lease, 0);
    await subject.queue.close();
    expectEqual(await read, PAGE, "the bytes read");
    await subject.queue.close();
    await expectCode(subject.open("b"), "EBADF");
    await expectCode(file.read(lease, 0), "EBADF");
    await file.close();
  },

  "a file that is longer than memory positions are wide": async (subject) => {
    await using file = await subject.open("a");
    using lease = await subject.pool.take(PAGE);
    pattern(lease.view, 5);
    const position = 5 * 2 ** 32 + PAGE;
    await file.write(lease, position);
    lease.view.fill(0);
    expectEqual(await file.read(lease, position), PAGE, "the bytes read");
    expectPattern(lease.view, 5);
    expectEqual(await file.size(), position + PAGE, "the size");
  },
};

export function diskQueueContract(setup: () => Promise<DiskQueueUnderTest>): readonly ContractCase[] {
  return Object.entries(CASES).map(([name, body]) => ({
    name,
    run: async () => {
      await using under = await setup();
      await body(new Subject(under));
    },
  }));
}

/** Bytes that say where in a file they belong. */
function pattern(view: Uint8Array, position: number): void {
  for (let i = 0; i < view.length; i++) view[i] = byteAt(position + i);
}

function expectPattern(view: Uint8Array, position: number): void {
  const wrong = view.findIndex((byte, i) => byte !== byteAt(position + i));
  expectThat(wrong === -1, `byte ${wrong} of what was read at ${position} is of somewhere else`);
}

function byteAt(position: number): number {
  return (position ^ (position >>> 8) ^ (position >>> 16) ^ 0x5a) & 0xff;
}
