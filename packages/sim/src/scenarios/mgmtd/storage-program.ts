/** A storage node's process: the real agent, and a host that stands for storage. */
import { Tasks, toHex } from "@smallpond/base";
import { type DeadReport, NodeAgent, nodeId, silentLogger } from "@smallpond/fs-core";
import { testClients } from "@smallpond/fs-core/testing";
import type { Program, SimProcess } from "../../world/process.ts";
import { aborted } from "../mind/aborted.ts";
import type { Bug } from "../mind/bugs.ts";
import { addressOf, memberCredentials } from "../mind/cluster.ts";
import type { ChainOracle, Member } from "./chain-oracle.ts";
import { StorageHost, type TargetDisk } from "./storage-host.ts";

export interface StorageOptions {
  readonly id: number;
  readonly machine: string;
  readonly minds: readonly string[];
  readonly disks: readonly TargetDisk[];
  readonly oracle: ChainOracle;
  readonly bug: Bug;
  readonly syncMs: number;
  /** Told of each life that has ended by itself. */
  readonly ended: DeadReport[];
  /** The process itself, once there is one. */
  readonly process: () => SimProcess | undefined;
}

export function storageProgram(options: StorageOptions): Program {
  return async (seams) => {
    const { clock, random, probes, stop, lifetime } = seams;
    const { id, machine, minds, oracle } = options;
    const tasks = new Tasks();
    const clients = testClients(
      { ...seams, random: random.fork("clients") },
      { credentials: memberCredentials(nodeId(id)) },
    );
    const host = new StorageHost(options.disks, {
      incarnation: toHex(random.bytes(16)),
      gated: options.bug.gated,
    });
    const agent = new NodeAgent(
      {
        callers: clients,
        host,
        clock: options.bug.leaseClock(clock),
        random: random.fork("agent"),
        log: silentLogger(),
        probes,
      },
      {
        node: nodeId(id),
        kind: "storage",
        incarnation: host.incarnation,
        addresses: [addressOf(machine)],
        hostTag: machine,
        managers: minds.map(addressOf),
        answerMs: 500,
      },
    );
    host.agent = agent;
    const member: Member = {
      node: nodeId(id),
      machine,
      host,
      isPaused: () => options.process()?.paused === true,
    };
    oracle.joined(member);
    lifetime.onDeath(() => {
      oracle.left(member);
      // The newest alone: older ones have been followed by another life.
      options.ended.splice(0, options.ended.length, { node: member.node, incarnation: host.incarnation });
    });
    tasks.spawn(() => agent.run({ signal: stop }));
    tasks.spawn(async () => {
      while (!stop.aborted) {
        await clock.sleep(options.syncMs * (0.5 + random.next()));
        for (const { id: target } of host.disks) {
          if (host.needsSync(target) && oracle.sync(target, member))
            probes.mark("a target was brought up to date");
        }
      }
    });
    await Promise.race([tasks.failure, aborted(stop)]);
    await tasks.idle();
    // It serves nothing from here on, which is what it says.
    oracle.left(member);
    await agent.leave();
    await clients.close();
  };
}
