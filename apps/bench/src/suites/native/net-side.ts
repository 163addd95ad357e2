/** One kind of socket as a side: a server in a process of its own, a client in the side's. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { NetAddress } from "@smallpond/base";
import { NodeNet } from "@smallpond/base/platform/node";
import { openBufferPool } from "@smallpond/fs-native";
import type { BenchContext, OpenSide, Side } from "../../harness/benchmark.ts";
import { count, type NetKind, type NetWork, netOf, request } from "./net-work.ts";

const SERVER = fileURLToPath(new URL("./scripts/net-server.js", import.meta.url));

export function netSide(name: string, kind: NetKind, transport: NetAddress["kind"], work: NetWork): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const place =
        transport === "tcp" ? "tcp" : `${context.scratchDir}/${kind}-${work.name}-${process.pid}.socket`;
      const server = spawn(process.execPath, [SERVER, kind, place], { stdio: ["pipe", "pipe", "inherit"] });
      const connection = await netOf(kind).connect(await addressOf(server));
      const pool = openBufferPool();
      return {
        async run() {
          await request(connection, pool, work);
          return { check: `${work.requests} answers` };
        },
        async close() {
          await connection.close();
          server.stdin?.end();
        },
      };
    },
  };
}

/** Node's sockets without leases: what arrives is counted and thrown away. What moving bytes alone costs. */
export function countingSide(name: string, transport: NetAddress["kind"], work: NetWork): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const place =
        transport === "tcp" ? "tcp" : `${context.scratchDir}/counting-${work.name}-${process.pid}.socket`;
      const server = spawn(process.execPath, [SERVER, "portable", place], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const connection = await new NodeNet().connect(await addressOf(server));
      const chunks = connection[Symbol.asyncIterator]();
      return {
        async run() {
          await count(connection, chunks, work);
          return { check: `${work.requests} answers` };
        },
        async close() {
          await connection.close();
          server.stdin?.end();
        },
      };
    },
  };
}

async function addressOf(server: ChildProcess): Promise<NetAddress> {
  for await (const line of createInterface({ input: server.stdout! })) return JSON.parse(line) as NetAddress;
  throw new Error("the server ended");
}
