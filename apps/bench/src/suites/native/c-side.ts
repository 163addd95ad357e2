/** The same work in C over blocking sockets, compiled when it is first needed. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { NetAddress } from "@smallpond/base";
import type { Side } from "../../harness/benchmark.ts";
import type { NetWork } from "./net-work.ts";

const SOURCE = fileURLToPath(new URL("../../../peers/sockets.c", import.meta.url));

export function cSide(name: string, transport: NetAddress["kind"], work: NetWork): Side {
  return {
    name,
    async open(context) {
      await mkdir(context.scratchDir, { recursive: true });
      const program = `${context.scratchDir}/sockets-${process.pid}`;
      await promisify(execFile)("g++", ["-x", "c", "-O2", SOURCE, "-o", program]);
      const place = transport === "tcp" ? "tcp" : `${program}.socket`;
      const args = [place, work.payloadBytes, work.requests, work.depth].map(String);
      return {
        async run() {
          const { stdout } = await promisify(execFile)(program, args);
          return { check: `${work.requests} answers`, ms: Number(stdout) };
        },
        close: () => Promise.resolve(),
      };
    },
  };
}
