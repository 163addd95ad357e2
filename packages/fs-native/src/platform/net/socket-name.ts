/** The address of a socket's end, for messages. */
import { formatAddress } from "@smallpond/base";
import type { CoreAddon } from "../core-addon.ts";

/** `host:port`; undefined for sockets that are not of TCP, or not connected any more. */
export function tcpName(addon: CoreAddon, fd: number, end: "own" | "peer"): string | undefined {
  const [host, port] = addon.socketName(fd, end === "peer").split(" ");
  if (host === undefined || port === undefined) return undefined;
  return formatAddress({ kind: "tcp", host, port: Number(port) });
}
