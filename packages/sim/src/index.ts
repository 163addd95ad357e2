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
export { type Model, UNKNOWN } from "./checkers/model.ts";
export { demandProgress, type ProgressDemand } from "./checkers/progress.ts";
export { REGISTERS, type RegisterInput, type RegisterOutput } from "./checkers/register.ts";
export {
  assertSerializable,
  checkSerializable,
  type SerializabilityOptions,
} from "./checkers/serializability.ts";
export type { Program, Seams } from "./world/process.ts";
export { SimWorld, type WorldSettings } from "./world/world.ts";
