import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLmdbStore } from "@smallpond/fs-core/platform";
import { expect, test } from "vitest";

const KILLS = Number(process.env.POND_KILLS ?? 2);
const TSX = createRequire(import.meta.url).resolve("tsx");
const PROGRAM = fileURLToPath(new URL("./member-process.ts", import.meta.url));

class MemberProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  isOwner = false;
  commits = 0;
  stderr = "";
  #text = "";

  /** `acknowledged`: the last number of each row, over all processes. */
  constructor(directory: string, name: string, acknowledged: Map<string, number>) {
    const node = ["--no-warnings", "-C", "@smallpond/source", "--import", TSX, PROGRAM, directory, name];
    this.child = spawn(process.execPath, node, { stdio: ["ignore", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => this.child.once("close", () => resolve()));
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#text + text).split("\n");
      this.#text = lines.pop()!;
      for (const line of lines) {
        const [role, row, count] = line.split(" ");
        this.isOwner = role === "owner";
        this.commits += 1;
        acknowledged.set(row!, Number(count));
      }
    });
  }

  /** Sleeps through its lease and wakes up; a write lock that it holds it keeps meanwhile. */
  async sleep(ms: number): Promise<void> {
    this.child.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.child.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

test("owners that are stopped and killed again and again lose no acknowledged commit, and others take over", async () => {
  const directory = await mkdtemp(join(tmpdir(), "pond-members-"));
  const acknowledged = new Map<string, number>();
  let count = 0;
  const start = (): MemberProcess => new MemberProcess(directory, `m${++count}`, acknowledged);
  const members = [start(), start()];
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const sleeper = await progressing(members);
      await sleeper.sleep(1500);
      const owner = await progressing(members);
      await owner.kill();
      members.splice(members.indexOf(owner), 1, start());
    }
    await progressing(members);
    for (const member of members) await member.kill();
    await expectNothingLost(directory, acknowledged);
  } finally {
    for (const member of members) await member.kill();
    await rm(directory, { recursive: true });
  }
}, 120_000);

/** The owner, once both have committed more than before. */
async function progressing(members: readonly MemberProcess[]): Promise<MemberProcess> {
  const before = members.map(({ commits }) => commits);
  for (let waitedMs = 0; waitedMs < 40_000; waitedMs += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { child, stderr } of members) {
      if (child.exitCode !== null) throw new Error(`a member ended by itself: ${stderr}`);
    }
    const owners = members.filter(({ isOwner }) => isOwner);
    if (owners.length === 1 && members.every(({ commits }, at) => commits > before[at]! + 15))
      return owners[0]!;
  }
  throw new Error(`no progress: ${members.map(({ commits, isOwner }) => `${commits} ${isOwner}`).join()}`);
}

async function expectNothingLost(directory: string, acknowledged: Map<string, number>): Promise<void> {
  await using store = await openLmdbStore({ directory });
  using snapshot = await store.snapshot();
  const range = { begin: new TextEncoder().encode("row/"), end: new TextEncoder().encode("row0") };
  const rows = new Map<string, bigint>();
  for (const { key, value } of await snapshot.range(range, { limit: 1000, reverse: false })) {
    rows.set(new TextDecoder().decode(key).slice(4), number(value));
  }
  let total = 0n;
  for (const [row, last] of rows) {
    total += last;
    // One more may have been under way.
    expect([0n, 1n], `row ${row}`).toContain(last - BigInt(acknowledged.get(row) ?? 0));
  }
  for (const [row, last] of acknowledged)
    expect(rows.get(row) ?? 0n, row).toBeGreaterThanOrEqual(BigInt(last));
  expect(number((await snapshot.get(new TextEncoder().encode("total")))!)).toBe(total);
  const { epoch } = await store.ownership();
  expect(epoch).toBeGreaterThan(BigInt(KILLS));
}

function number(value: Uint8Array): bigint {
  return new DataView(value.buffer, value.byteOffset).getBigInt64(0, true);
}
