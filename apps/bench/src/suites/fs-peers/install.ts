/** Peers come from Debian's packages, installed when they are missing and this is root's process. */
import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { SuiteSkipped } from "../../harness/benchmark.ts";
import type { Peer } from "./peer.ts";
import { run } from "./run.ts";

const PROGRAM_DIRECTORIES = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"] as const;

/** @throws SuiteSkipped where nothing can be mounted. */
export async function prepareMachine(peers: readonly Peer[], log: (line: string) => void): Promise<void> {
  if (process.getuid?.() !== 0) throw new SuiteSkipped("peers are mounted, which needs root");
  if (!existsSync("/dev/fuse")) throw new SuiteSkipped("peers are mounted, and there is no /dev/fuse");
  if (ownAddress() === undefined)
    throw new SuiteSkipped("peers refuse the loopback, and there is nothing else");
  for (const peer of peers) {
    const missing = missingPackages(peer);
    if (missing.length === 0) continue;
    log(`installing ${missing.join(", ")}`);
    try {
      await run("apt-get", "install", "--yes", "--no-install-recommends", ...missing);
    } catch (error) {
      log(`${peer.name} is left out: ${String(error)}`);
    }
  }
}

export function missingPackages({ packages }: Peer): readonly string[] {
  return packages.filter(({ program }) => !isThere(program)).map(({ name }) => name);
}

/** Why it cannot be started here. */
export function reasonAgainst(peer: Peer): string | undefined {
  const missing = missingPackages(peer);
  if (missing.length > 0) return `apt-get install ${missing.join(" ")} did not work`;
  const isRunning = peer.packages.some(({ program }) => runs(program));
  return isRunning ? "it runs on this machine already" : undefined;
}

export function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === "IPv4")?.address;
}

function isThere(program: string): boolean {
  return PROGRAM_DIRECTORIES.some((directory) => existsSync(`${directory}/${program}`));
}

function runs(program: string): boolean {
  const pid = `/var/run/${program}.pid`;
  return existsSync(pid) && existsSync(`/proc/${readFileSync(pid, "utf8").trim()}`);
}
