/** A client that locks and unlocks ranges of a few files, and writes down what it was granted. */
import { isPondError, type PondError, type Random, Tasks } from "@smallpond/base";
import { type InodeId, META, newRandomId, type RequestId } from "@smallpond/fs-core";
import { pick } from "../../nemeses/index.ts";
import type { Program, Seams } from "../../world/process.ts";
import { aborted } from "../mind/aborted.ts";
import { type Connection, connect } from "./connection.ts";
import type { LocksLog } from "./locks-log.ts";
import { askOne, type ClientOptions, untilReady } from "./namespace-client.ts";
import { errnoOf } from "./translate.ts";

export interface LockerOptions extends ClientOptions {
  readonly locks: LocksLog;
  readonly files: readonly string[];
  /** Longest time that a lock is held, and waited for. */
  readonly holdMs: number;
}

/** Small, so that ranges meet. */
const BYTES = 6;

const FLAVOURS = ["posix", "flock"] as const;

export function locker(options: LockerOptions): Program {
  return async (seams) => {
    const tasks = new Tasks();
    const connection = connect(seams, tasks, options);
    const spaces = options.files.flatMap((file) => FLAVOURS.map((flavour) => `${file} ${flavour}`));
    const life = options.locks.begin(connection.client, spaces);
    seams.lifetime.onDeath(() => life.died());
    tasks.spawn(async () => {
      try {
        await act(seams, connection, options);
      } catch (error) {
        if (!(error instanceof GivenUp)) throw error;
        seams.probes.mark("a client was told that it was given up");
        life.givenUp();
        throw error.reason;
      }
    });
    await Promise.race([tasks.failure, aborted(seams.stop)]);
    await tasks.idle();
    await connection.close();
  };
}

class GivenUp extends Error {
  readonly reason: PondError;

  constructor(reason: PondError) {
    super("the client was given up");
    this.reason = reason;
  }
}

async function act(seams: Seams, connection: Connection, options: LockerOptions): Promise<void> {
  const { clock, stop } = seams;
  const random = seams.random.fork("locks");
  await untilReady(seams, connection.caller);
  const inodes = new Map<string, InodeId>();
  for (const file of options.files) inodes.set(file, await lockFile(seams, connection, options, file));
  while (!stop.aborted && !options.phase.over) {
    await clock.sleep(2 * options.thinkMs * random.next());
    const file = pick(random, options.files);
    await lockOnce({ seams, connection, options, random, file, inode: inodes.get(file)! });
  }
}

/** Makes the file if nobody did, and finds it; as an operation of the namespace like all others. */
async function lockFile(
  seams: Seams,
  { caller }: Connection,
  options: LockerOptions,
  name: string,
): Promise<InodeId> {
  const place = { dir: options.known.root, name };
  const request = (): RequestId => newRandomId<RequestId>(seams.random);
  for (;;) {
    const found = await askOne(seams, caller, options, {
      request: request(),
      input: { kind: "lookup", ...place },
    });
    if (found !== undefined && !("code" in found)) return found.id as InodeId;
    await askOne(seams, caller, options, {
      request: request(),
      input: { kind: "create", mode: 0o644, ...place },
    });
    if (seams.stop.aborted) return 1n as InodeId;
    await seams.clock.sleep(50);
  }
}

interface LockTry {
  readonly seams: Seams;
  readonly connection: Connection;
  readonly options: LockerOptions;
  readonly random: Random;
  readonly file: string;
  readonly inode: InodeId;
}

async function lockOnce(attempt: LockTry): Promise<void> {
  const { seams, connection, options, random, file, inode } = attempt;
  const { history } = options.locks;
  const signal = seams.stop;
  const flavour = pick(random, FLAVOURS);
  const id = 1 + random.int(2);
  const owner = { client: connection.client, flavour, id: BigInt(id) };
  const [start, end] = flavour === "flock" ? [0, BYTES] : drawRange(random);
  const about = { file: `${file} ${flavour}`, owner: `${connection.client} ${id}`, start, end };
  const range = { begin: BigInt(start), end: BigInt(end) };
  const alone = random.next() < 0.6;
  const wait = random.next() < 0.5;

  const open = history.call(options.name, { kind: "lock", alone, ...about });
  const lock = { owner, mode: alone ? "exclusive" : "shared", pid: 0, ...range } as const;
  const ticket = newRandomId<RequestId>(random);
  const untilMs = seams.clock.monotonicMs() + 2 * options.holdMs;
  let outcome = "waiting";
  while (outcome === "waiting") {
    outcome = await insist(attempt, async (request) => {
      const answer = await connection.caller.change(
        META.setLock,
        { inode, lock, wait, ticket },
        { request, signal },
      );
      return answer.outcome;
    });
    if (outcome === "waiting" && (seams.clock.monotonicMs() > untilMs || seams.stop.aborted)) break;
  }
  if (!seams.alive() || outcome === STOPPED) return;
  if (outcome !== "granted") {
    if (outcome === "waiting") {
      const cancelled = await insist(attempt, async (request) => {
        await connection.caller.change(META.cancelLock, { inode, ticket }, { request, signal });
        return "done";
      });
      if (!seams.alive() || cancelled === STOPPED) return;
    }
    open.refused();
    return;
  }
  open.answered("granted");
  await seams.clock.sleep(options.holdMs * random.next());
  const freed = history.call(options.name, { kind: "unlock", ...about });
  const done = await insist(attempt, async (request) => {
    await connection.caller.change(META.unlock, { inode, owner, range }, { request, signal });
    return "done";
  });
  if (!seams.alive()) return;
  if (done === "done") freed.answered("done");
}

/** Asked to stop meanwhile: nobody knows what came of it. */
const STOPPED = "stopped";

/** Asks under one request until there is an answer, or an error of the file system: its name. */
async function insist(
  { seams, random }: LockTry,
  ask: (request: RequestId) => Promise<string>,
): Promise<string> {
  const request = newRandomId<RequestId>(random);
  for (;;) {
    try {
      return await ask(request);
    } catch (error) {
      if (seams.stop.aborted) return STOPPED;
      if (!isPondError(error) || error.kind === "internal") throw error;
      if (error.code === "ESTALE") throw new GivenUp(error);
      const code = errnoOf(error);
      if (code !== undefined) return code;
    }
    await seams.clock.sleep(20);
  }
}

function drawRange(random: Random): readonly [number, number] {
  const [a, b] = [random.int(BYTES), random.int(BYTES)];
  return [Math.min(a, b), Math.max(a, b) + 1];
}
