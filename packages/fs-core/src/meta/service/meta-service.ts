/**
 * A metadata service: answers what clients ask about the namespace, open files and locks, and shares the work in the
 * background with the others. It keeps nothing that matters: killed at any moment, another goes on where it was.
 */
import {
  type Clock,
  type InvariantError,
  PondError,
  type Probes,
  type Random,
  type SignalOptions,
} from "@smallpond/base";
import type { Metastore } from "../../metastore/transaction.ts";
import { withReserve } from "../../metastore/with-reserve.ts";
import { CapabilityKey } from "../../service/capability.ts";
import type { Crypto } from "../../service/crypto.ts";
import type { Logger } from "../../service/log.ts";
import type { Counter, Family, Metrics } from "../../service/metrics.ts";
import type { CallContext } from "../../wire/rpc/method.ts";
import type { RpcRouter } from "../../wire/rpc/router.ts";
import type { ChunkService } from "../collect/chunk-service.ts";
import { Collector } from "../collect/collector.ts";
import { sideBySide } from "../collect/side-by-side.ts";
import { Sweeper } from "../collect/sweeper.ts";
import { moveToTrash } from "../collect/trash/move-to-trash.ts";
import { TrashCleaner } from "../collect/trash/trash-cleaner.ts";
import { Checks } from "../fsck/rpc/checks.ts";
import { InodeIds } from "../inodes/inode-ids.ts";
import { ensureRoot } from "../inodes/root.ts";
import { LayoutChooser } from "../layout/layout-chooser.ts";
import { LOCK_OPERATIONS } from "../locks/index.ts";
import { type LockDeps, type SetLockAnswer, type SetLockQuestion, setLock } from "../locks/set-lock.ts";
import { isFsError } from "../model/errors.ts";
import type { Inode } from "../model/inode.ts";
import type { ChainTables } from "../namespace-deps.ts";
import type { AnyOperation, QuestionHeader } from "../operation.ts";
import { NAMESPACE_OPERATIONS } from "../ops/index.ts";
import { GARBAGE_SHARDS } from "../rows/keys.ts";
import { OperationRunner } from "../runner.ts";
import { CLIENT_SHARDS } from "../sessions/client-scan.ts";
import type { ClientView } from "../sessions/client-view.ts";
import type { SessionDeps } from "../sessions/deps.ts";
import { SESSION_OPERATIONS } from "../sessions/index.ts";
import { Lengths } from "../sessions/lengths.ts";
import { SessionReaper } from "../sessions/session-reaper.ts";
import { Spiller } from "../sessions/spill.ts";
import { USER_OPERATIONS } from "../users/index.ts";
import { Background } from "./background.ts";
import { LockPatience } from "./lock-patience.ts";
import { Members } from "./members.ts";
import { type MetaSettings, type MetaSettingsChanges, metaSettings } from "./settings.ts";
import { SpaceWatch } from "./space-watch.ts";

export interface MetaServiceDeps {
  readonly metastore: Metastore;
  readonly chunks: ChunkService;
  /** Which clients are gone, as the cluster manager says. */
  readonly clients: ClientView;
  /** Where files may lie, as the cluster manager says. */
  readonly tables: ChainTables;
  /** The service's methods are added to it. */
  readonly router: RpcRouter;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  /** Told of an `InvariantError` in the background: the process must not go on. */
  readonly onInvariant: (error: InvariantError) => void;
}

export interface MetaServiceSecrets {
  /** The cluster's: the first signs capabilities. */
  readonly secrets: readonly Uint8Array[];
}

/** What all operations together need. */
export interface MetaDeps extends SessionDeps, LockDeps {}

export class MetaService implements AsyncDisposable {
  readonly #deps: MetaServiceDeps;
  readonly #settings: MetaSettings;
  readonly #operations: MetaDeps;
  readonly #runner: OperationRunner<MetaDeps>;
  readonly #patience: LockPatience;
  readonly #members: Members;
  readonly #space: SpaceWatch;
  readonly #background: Background;
  readonly #checks: Checks;
  readonly #outcomes: Family<Counter>;
  #hasRoot = false;

  /** Offers its methods on the router; until {@link start} has found a root, they are refused as `STARTING`. */
  constructor(deps: MetaServiceDeps, settings: MetaSettingsChanges & MetaServiceSecrets) {
    this.#deps = deps;
    this.#settings = metaSettings(settings);
    const { metastore, clock, metrics } = deps;
    const { space, members, locks } = this.#settings;
    this.#space = new SpaceWatch(deps, space);
    this.#operations = this.#operationDeps(settings.secrets);
    this.#runner = new OperationRunner({ metastore, clock, operations: this.#operations });
    this.#patience = new LockPatience(deps, locks);
    this.#members = new Members({ ...deps, metastore: withReserve(metastore) }, members);
    this.#background = new Background(deps);
    this.#outcomes = metrics.counters("pond_meta_operations_total", "Operations by what came of them.", [
      "operation",
      "outcome",
    ]);
    this.#checks = new Checks({ ...deps, metastore: withReserve(metastore) });
    this.#checks.offer(deps.router);
    for (const operation of META_OPERATIONS) this.#offer(operation);
  }

  /**
   * Begins the background work. Resolves when there is a root directory, which the first service of a cluster makes as
   * soon as it reaches the store; or when it is closed before.
   */
  async start(): Promise<void> {
    this.#beginBackground();
    await this.#background.until(ROOT_RETRY_MS, "root", async (signal) => {
      const { metastore, clock, log } = this.#deps;
      const nowNs = BigInt(Math.floor(clock.wallMs())) * 1_000_000n;
      const made = await metastore.transact((transaction) => ensureRoot(transaction, nowNs), {
        repeatable: true,
        signal,
      });
      this.#hasRoot = true;
      if (made) log.info("root made");
    });
  }

  /** Ends the background work. Calls that are still running end by themselves: close the server first. */
  async close(): Promise<void> {
    await this.#background.stop();
    await this.#checks.close();
    await this.#members.leave().catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #operationDeps(secrets: readonly Uint8Array[]): MetaDeps {
    const { metastore, chunks, clock, random, tables } = this.#deps;
    const { namespace, sessions, locks } = this.#settings;
    return {
      inodeIds: new InodeIds({ metastore, random: random.fork("inode ids") }),
      layouts: new LayoutChooser({ tables, random: random.fork("layouts") }, namespace),
      lengths: new Lengths({ metastore: withReserve(metastore), chunks }),
      spiller: new Spiller({ metastore, chunks, clock, random: random.fork("spills") }, sessions),
      space: this.#space,
      settings: namespace,
      capabilities: new CapabilityKey(this.#deps, { secrets }),
      sessionSettings: sessions,
      lockSettings: locks,
    };
  }

  #offer(operation: AnyOperation<MetaDeps>): void {
    const { method } = operation;
    this.#deps.router.handle(method, async (question, context) => {
      let outcome = "ok";
      try {
        return await this.#answer(operation, question, context);
      } catch (error) {
        outcome = isFsError(error) ? error.code : "failed";
        const { traceId, remote } = context;
        const reason = error instanceof Error ? error.message : String(error);
        this.#deps.log.debug("operation refused", {
          operation: method.name,
          outcome,
          reason,
          traceId,
          remote,
        });
        throw error;
      } finally {
        this.#outcomes.of(method.name, outcome).add();
      }
    });
  }

  async #answer(
    operation: AnyOperation<MetaDeps>,
    question: QuestionHeader,
    { principal, signal }: CallContext,
  ): Promise<unknown> {
    if (!this.#hasRoot) throw starting();
    const answer = await this.#runner.run(operation, question, { principal, signal });
    if (operation.method.id === setLock.method.id && (answer as SetLockAnswer).outcome === "waiting") {
      await this.#patience.wait(question as SetLockQuestion, { signal });
    }
    return this.#withTruncationEnded(answer, { signal });
  }

  /** What an operation cut is cut on storage before its caller hears of it. */
  async #withTruncationEnded(answer: unknown, options: SignalOptions): Promise<unknown> {
    const inode = (answer as { readonly inode?: Inode } | undefined)?.inode;
    if (inode?.kind !== "file" || !inode.truncating) return answer;
    await this.#operations.lengths.endTruncation(inode, options);
    return { ...(answer as object), inode: { ...inode, truncating: false } };
  }

  #beginBackground(): void {
    const { members, sessions, collect, space, sweepEveryMs, requestSlotMs } = this.#settings;
    const { lengths } = this.#operations;
    const deps = { ...this.#deps, metastore: withReserve(this.#deps.metastore) };
    const collector = new Collector(deps, collect);
    const reaper = new SessionReaper({ ...deps, lengths }, sessions);
    const sweeper = new Sweeper(deps, { ...sessions, requestSlotMs });
    const background = this.#background;
    background.every(members.beatMs, "members", async (signal) => {
      await this.#members.beat({ signal });
      return "rest";
    });
    background.every(space.everyMs, "space", async (signal) => {
      await this.#space.look({ signal });
      return "rest";
    });
    background.every(collect.everyMs, "collect", async (signal) => {
      let more = false;
      await sideBySide(
        this.#members.shardsOf("collect", GARBAGE_SHARDS),
        collect.queuesAtOnce,
        async (shard) => {
          more = (await collector.collect(shard, { signal })) || more;
        },
      );
      return more ? "again" : "rest";
    });
    background.every(sessions.reapEveryMs, "reap", async (signal) => {
      for (const shard of this.#members.shardsOf("reap", CLIENT_SHARDS)) await reaper.reap(shard, { signal });
      return "rest";
    });
    const trash = new TrashCleaner({ ...this.#deps, runner: this.#runner });
    background.every(sweepEveryMs, "trash", async (signal) => {
      if (this.#members.shardsOf("trash", 1).length > 0) await trash.clean({ signal });
      return "rest";
    });
    background.every(sweepEveryMs, "sweep", async (signal) => {
      if (this.#members.shardsOf("sweep", 1).length === 0) return "rest";
      await sweeper.sweepRequests({ signal });
      await sweeper.sweepClients({ signal });
      return "rest";
    });
  }
}

/** Without a root everything would be `ENOENT`, and be remembered as the request's answer. */
function starting(): PondError<"STARTING"> {
  return new PondError("STARTING", {
    kind: "retry",
    message: "the metadata service is starting: it has not seen the root directory yet",
    hint: "ask again shortly; if this stays, the service does not reach the store, and its log says why",
  });
}

/** After a failure to make the root. */
const ROOT_RETRY_MS = 500;

/** All operations of the metadata service. */
export const META_OPERATIONS: readonly AnyOperation<MetaDeps>[] = [
  ...NAMESPACE_OPERATIONS,
  ...SESSION_OPERATIONS,
  ...LOCK_OPERATIONS,
  ...USER_OPERATIONS,
  moveToTrash,
];
