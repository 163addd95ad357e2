/** What a frame needs of its session. */
import type { Clock } from "@smallpond/base";
import type { LogicalNode, NodeMeta } from "../logical/node.ts";
import type { Engine } from "./engine.ts";
import type { FunctionRegistry } from "./function-registry.ts";
import type { SessionSettings } from "./init-options.ts";

export interface FrameHost {
  readonly engine: Engine;
  readonly functions: FunctionRegistry;
  readonly settings: SessionSettings;
  readonly clock: Clock;
  readonly residentBytes: () => number;
  /** A number for a new node, and the line that asks for it. Throws when the session is closed. */
  meta(): NodeMeta;
  made(node: LogicalNode): void;
  /** Throws when the session is closed. */
  expectOpen(): void;
}
