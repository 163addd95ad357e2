/** The main door of `@smallpond/sim`. Running seeds in processes and reading the corpus are behind `./platform`. */
export { FILES, type FileInput, type FileOutput } from "./checkers/files.ts";
export { History, type OpenOperation, type Operation } from "./checkers/history.ts";
export {
  KEY_VALUE_TRANSACTIONS,
  type TransactionInput,
  type TransactionOutput,
} from "./checkers/key-value-transactions.ts";
export { stopAndDemandNoLeaks } from "./checkers/leaks.ts";
export {
  assertLinearizable,
  type CheckOptions,
  checkLinearizable,
  type Violation,
} from "./checkers/linearizability.ts";
export { LOCKS, type LockInput, type LockOutput, type LockRange } from "./checkers/locks.ts";
export { type Model, UNKNOWN } from "./checkers/model.ts";
export { NAMESPACE } from "./checkers/namespace/model.ts";
export type { EntrySeen, NamespaceInput, NamespaceOutput, Place } from "./checkers/namespace/operations.ts";
export {
  ORDERED_TRANSACTIONS,
  type StepsSeen,
  type TransactionStep,
} from "./checkers/ordered-transactions.ts";
export { demandProgress, type ProgressDemand } from "./checkers/progress.ts";
export { REGISTERS, type RegisterInput, type RegisterOutput } from "./checkers/register.ts";
export {
  assertSerializable,
  checkSerializable,
  type SerializabilityOptions,
} from "./checkers/serializability.ts";
export { assertSerializableAs, type Witnessed } from "./checkers/witness.ts";
export { type DiskFaultSettings, DiskFaults } from "./disk/faults.ts";
export type { DiskImage } from "./disk/image.ts";
export {
  around,
  badClocks,
  badLinks,
  badMessages,
  bitRot,
  crashesAtCalls,
  diskErrors,
  fullDisks,
  kills,
  type NemesisTiming,
  partitions,
  pauses,
  pick,
  powerCuts,
  slowDisks,
  storeFaults,
  strikeOften,
} from "./nemeses/index.ts";
export type { Datagram, DatagramAddress, DatagramSocket, SimDatagrams } from "./net/datagrams.ts";
export {
  DEFAULT_FABRIC_SETTINGS,
  type Fabric,
  type FabricSettings,
  LAN,
  type LinkSettings,
  type Route,
} from "./net/fabric.ts";
export { type FrameFaults, FrameMangler } from "./net/frame-faults.ts";
export { type RunOptions, type RunReport, runScenario } from "./scenario/run.ts";
export type {
  Arena,
  Checker,
  Nemesis,
  Phase,
  Scenario,
  ScenarioParts,
  Workload,
} from "./scenario/scenario.ts";
export {
  NO_STORE_FAULTS,
  SharedStore,
  type SharedStoreSettings,
  type StoreFaults,
} from "./store/shared-store.ts";
export { EventQueue, type SimEvent } from "./time/event-queue.ts";
export type { Oscillator } from "./time/oscillator.ts";
export type { Scheduler } from "./time/scheduler.ts";
export { drawKnobs, type Knob, type KnobTable, type KnobValues } from "./world/knobs.ts";
export type { CrashPlan } from "./world/lifetime.ts";
export type { MachineSettings, SimMachine } from "./world/machine.ts";
export type { ProcessSettings, Program, Seams, SimProcess } from "./world/process.ts";
export { Trace, type TraceSettings } from "./world/trace.ts";
export { SimWorld, type WorldSettings } from "./world/world.ts";
export { WorldProbes } from "./world/world-probes.ts";
