/** Calls over a bad network: what callers are told of them is what happened. */

import { rpcFrameBytes } from "@smallpond/fs-core/testing";
import { stopAndDemandNoLeaks } from "../../checkers/leaks.ts";
import { demandProgress } from "../../checkers/progress.ts";
import {
  badClocks,
  badLinks,
  badMessages,
  crashesAtCalls,
  kills,
  partitions,
  pauses,
  powerCuts,
} from "../../nemeses/index.ts";
import type { Scenario, ScenarioParts } from "../../scenario/scenario.ts";
import type { SimWorld } from "../../world/world.ts";
import { Ledger } from "./ledger.ts";
import { countMethods, type RpcBug } from "./methods.ts";
import { clientProgram, SERVICE, serviceProgram } from "./programs.ts";

const KNOBS = {
  callsMax: { default: 6, min: 2, max: 40 },
  callsPerConnectionMax: { default: 4, min: 1, max: 20 },
  slowMs: { default: 500, min: 10, max: 2000 },
  timeoutMs: { default: 2000, min: 50, max: 5000 },
  silenceMs: { default: 800, min: 200, max: 2000 },
  callers: { default: 4, min: 1, max: 8 },
  faultMs: { default: 4000, min: 1000, max: 6000 },
  quietMs: { default: 400, min: 50, max: 1500 },
  strikeMs: { default: 500, min: 50, max: 3000 },
} as const;

const CLIENTS = ["c0", "c1", "c2"] as const;
const RECOVERY_MS = 20_000;
const RECOVERY_ANSWERS = 50;

const MARKS: readonly string[] = [
  "buggify:rpc.answer-lost",
  "buggify:rpc.overloaded",
  "buggify:wire.write-in-two",
  "rpc: a client fell silent",
  "rpc: a connection is left for what it never ends",
  "rpc: a question came twice or late",
  "rpc: a question is sent again",
  "rpc: a service fell silent",
];

/** RPC as it ships, or with a method that says of itself what is not so. */
export function rpcScenario(bug?: RpcBug): Scenario {
  return {
    name: bug === undefined ? "rpc" : `rpc-${bug}`,
    about: bug === undefined ? "what callers are told is what happened" : `RPC with a planted bug: ${bug}`,
    canary: bug !== undefined,
    marks: bug === undefined ? MARKS : [],
    build: (world) => build(world, bug),
  };
}

function build(world: SimWorld, bug: RpcBug | undefined): ScenarioParts {
  const knobs = world.knobs(KNOBS);
  const ledger = new Ledger();
  const parts = { world, ledger, methods: countMethods(bug) };
  world.addMachine(SERVICE.host).run("service", serviceProgram(parts, knobs));
  for (const name of CLIENTS) world.addMachine(name);
  const everywhere = [SERVICE.host, ...CLIENTS];
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  return {
    faultMs: knobs.faultMs,
    workloads: [
      {
        name: "calls",
        start: () => {
          for (const name of CLIENTS) world.machine(name).run("client", clientProgram(parts, knobs));
        },
      },
    ],
    nemeses: [
      partitions(everywhere, timing),
      badLinks(everywhere, timing),
      badMessages(rpcFrameBytes, timing),
      kills(everywhere, timing),
      crashesAtCalls(everywhere, timing),
      pauses(everywhere, timing),
      powerCuts(everywhere, timing),
      badClocks(everywhere, timing),
    ],
    checkers: [
      {
        name: "progress",
        when: "healed",
        check: () => {
          const before = ledger.answered;
          const done = (): boolean => ledger.answered >= before + RECOVERY_ANSWERS;
          return demandProgress(world, { what: `${RECOVERY_ANSWERS} answers`, withinMs: RECOVERY_MS, done });
        },
      },
      { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
      {
        name: "what callers were told",
        when: "end",
        check: async () => {
          const contradiction = ledger.contradiction();
          if (contradiction !== undefined) throw new Error(contradiction);
        },
      },
    ],
  };
}
