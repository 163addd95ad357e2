/**
 * Mistakes that the mind of a file system is most likely to be shipped with, planted from outside: into what its
 * processes, storage nodes and clients are given. Each is a canary of its own.
 */
import type { Clock } from "@smallpond/base";
import {
  type Caller,
  type CallOptions,
  type Method,
  type MindNode,
  newRandomId,
  type RequestId,
} from "@smallpond/fs-core";
import type { Seams } from "../../world/process.ts";
import { blind } from "../metastore/blind.ts";

export interface Bug {
  readonly name: string;
  /** Done to a process of the mind as soon as it has started. */
  readonly mind: (mind: MindNode) => void;
  /** How clients reach metadata services. */
  readonly caller: (caller: Caller, seams: Seams) => Caller;
  /** What a storage node counts its lease by. */
  readonly leaseClock: (clock: Clock) => Clock;
  /** Whether a storage node that has just started waits until its chains have gone on without it. */
  readonly gated: boolean;
}

/** The mind as it is. */
export const NO_BUG: Bug = {
  name: "",
  mind: () => {},
  caller: (caller) => caller,
  leaseClock: (clock) => clock,
  gated: true,
};

export const META_BUGS: readonly Bug[] = [
  { ...NO_BUG, name: "conflicts-ignored", mind: ignoreConflicts },
  { ...NO_BUG, name: "retries-are-new-requests", caller: forgetful },
];

export const MGMTD_BUGS: readonly Bug[] = [
  { ...NO_BUG, name: "primary-not-fenced", mind: ignoreConflicts },
  { ...NO_BUG, name: "lease-by-a-slow-clock", leaseClock: slow },
  { ...NO_BUG, name: "serves-as-soon-as-started", gated: false },
];

function ignoreConflicts(mind: MindNode): void {
  const { metastore } = mind;
  const bound = { begin: metastore.begin.bind(metastore), transact: metastore.transact.bind(metastore) };
  Object.assign(metastore, blind(bound));
}

/** Each sending of a change is another request. */
function forgetful(caller: Caller, { random }: Seams): Caller {
  return {
    call<Q, A>(method: Method<Q, A>, question: Q, options?: CallOptions): Promise<A> {
      const isChange = typeof question === "object" && question !== null && "request" in question;
      const asked = isChange ? { ...question, request: newRandomId<RequestId>(random) } : question;
      return caller.call(method, asked, options);
    },
  };
}

/** As one that stands still while the machine is suspended, all the time. */
function slow(clock: Clock): Clock {
  return {
    monotonicMs: () => clock.monotonicMs() / 2,
    wallMs: () => clock.wallMs(),
    sleep: (ms, options) => clock.sleep(ms, options),
    timer: (ms, fn) => clock.timer(ms, fn),
    deadline: (ms, options) => clock.deadline(ms, options),
  };
}
