/** Opens the machine's network for leased memory. */
import { PondError } from "@smallpond/base";
import { NodeNet } from "@smallpond/base/platform/node";
import type { LeasedNet } from "../../net/leased-net.ts";
import { PortableNet } from "../../net/portable-net.ts";
import { DEFAULT_LEASED_NET_SETTINGS, type LeasedNetSettings } from "../../net/settings.ts";
import { coreAddon } from "../core-addon.ts";
import { SocketNet } from "./socket-net.ts";

export interface OpenNetOptions extends Partial<LeasedNetSettings> {
  /** `auto` takes the addon's sockets where there are some. `native` fails where there are none. */
  readonly engine?: "auto" | LeasedNet["kind"];
}

export function openLeasedNet(options: OpenNetOptions = {}): LeasedNet {
  const { engine = "auto", ...given } = options;
  const settings = { ...DEFAULT_LEASED_NET_SETTINGS, ...given };
  const core = coreAddon();
  if (engine !== "portable" && core.kind === "loaded" && "socketWrite" in core.addon) {
    return new SocketNet(core.addon, settings);
  }
  if (engine !== "native") return new PortableNet(new NodeNet(settings), settings);
  const reason = core.kind === "missing" ? core.reason : "not for this system";
  throw new PondError("NATIVE_MISSING", {
    kind: "unavailable",
    message: `there are no native sockets: core.node is ${reason}`,
    hint: 'use engine "auto" or "portable"',
  });
}
