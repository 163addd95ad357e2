/** What opening, closing and measuring need, beside what the namespace does. */
import type { CapabilityKey } from "../../service/capability.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import type { Lengths } from "./lengths.ts";
import type { SessionSettings } from "./settings.ts";
import type { Spiller } from "./spill.ts";

export interface SessionDeps extends NamespaceDeps {
  readonly lengths: Lengths;
  readonly spiller: Spiller;
  readonly capabilities: CapabilityKey;
  readonly sessionSettings: SessionSettings;
}
