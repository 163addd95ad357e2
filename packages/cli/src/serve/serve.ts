/** Runs one service here until a signal ends it. */
import { readFile } from "node:fs/promises";
import { formatAddress, isPondError, type NetAddress, PondError } from "@smallpond/base";
import { serveMind, serveStorage } from "@smallpond/fs-core/platform";
import type { ServedKind, ServeFlags } from "../commands/serve.ts";
import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";
import { jsonText } from "../output/json-text.ts";
import { putTogether } from "./bootstrap.ts";
import { parseConfig, type ServeConfig } from "./config.ts";
import { readSecret } from "./secrets.ts";
import { entryFor, mindSettings, storageSettings } from "./settings.ts";

interface Service {
  readonly name: string;
  readonly address: NetAddress;
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

export async function serve(kind: ServedKind, flags: ServeFlags): Promise<void> {
  const config = parseConfig(await read(flags.config), flags.config);
  if (flags.check === true) {
    console.error(
      `${flags.config} is good: ${config.minds.length} minds, ${config.storage.length} storage nodes`,
    );
    return;
  }
  const stop = stopper();
  const service = await start(kind, config, flags).catch((error: unknown) => {
    throw isPondError(error, "EADDRINUSE") ? taken(error) : error;
  });
  const closePutting = kind === "mind" ? await putTogether(config, flags.node) : undefined;
  const { name, address } = service;
  const told = { service: name, address: formatAddress(address), clusterId: config.clusterId };
  if (flags.json === true) console.log(jsonText(told));
  else console.log(`${name} serves at ${told.address}`);
  try {
    await Promise.race([stop.stopped, service.failure]);
  } finally {
    await closePutting?.();
    await service.close();
  }
  if (stop.interrupted) process.exitCode = EXIT_INTERRUPTED;
  process.exit();
}

async function start(kind: ServedKind, config: ServeConfig, { node }: ServeFlags): Promise<Service> {
  const secret = await readSecret(config.secretFile);
  if (kind === "storage") {
    const entry = entryFor(config, kind, node);
    const served = await serveStorage(storageSettings(config, entry, secret));
    const { failure, close } = served;
    return { name: `storage ${entry.node}`, address: served.node.address, failure, close };
  }
  const entry = entryFor(config, kind, node);
  const served = await serveMind(mindSettings(config, entry, secret));
  await served.node.ready;
  const { failure, close } = served;
  return { name: `mind ${entry.node}`, address: served.node.address, failure, close };
}

function stopper(): { readonly stopped: Promise<void>; readonly interrupted: boolean } {
  let interrupted = false;
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (interrupted && signal === "SIGINT") process.exit(EXIT_INTERRUPTED);
        interrupted ||= signal === "SIGINT";
        resolve();
      });
    }
  });
  return {
    stopped,
    get interrupted() {
      return interrupted;
    },
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new PondError("BAD_CONFIG", {
      kind: "invalid",
      message: `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`,
      hint: "docs/operating/three-hosts.toml is a complete example",
    });
  }
}

function taken(error: PondError): PondError<"PORT_TAKEN"> {
  const { address } = error.details as { readonly address?: unknown };
  return new PondError("PORT_TAKEN", {
    kind: "unavailable",
    message: `${String(address)} is taken by another program`,
    hint: "stop what listens there, or choose another address in the file; `mgmtd` and `meta` of one node are one process",
  });
}
