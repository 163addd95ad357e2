/** One use of a fabric as a side: a partner in a process of its own, an endpoint in the side's. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { fromHex } from "@smallpond/base";
import { openBufferPool, openFabric } from "@smallpond/fs-native";
import { PartnerClient } from "@smallpond/fs-native/testing";
import type { OpenSide, Side } from "../../harness/benchmark.ts";
import type { NetWork } from "./net-work.ts";

const SERVER = fileURLToPath(new URL("./scripts/fabric-server.js", import.meta.url));

export const FABRIC = { provider: "tcp;ofi_rxm", host: "127.0.0.1" } as const;

export function fabricSide(name: string, use: "echo" | "read" | "write", work: NetWork): Side {
  return {
    name,
    async open(): Promise<OpenSide> {
      const args = [SERVER, FABRIC.provider, FABRIC.host];
      const server = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
      const pool = openBufferPool();
      const near = await openFabric(pool, FABRIC);
      const client = new PartnerClient(near);
      const running = client.run();
      const peer = near.peer(fromHex(await firstLine(server.stdout)));
      const region = await client.hello(peer);
      const body = new Uint8Array(work.payloadBytes);
      let left = 0;
      const worker = async (): Promise<void> => {
        using lease = await pool.take(work.payloadBytes);
        while (left-- > 0) {
          const offset = (left * work.payloadBytes) % region.bytes;
          if (use === "echo") await client.echo(peer, body);
          else if (use === "read") await near.read(lease, { peer, region, offset });
          else await near.write(lease, { peer, region, offset });
        }
      };
      return {
        async run() {
          left = work.requests;
          await Promise.all(Array.from({ length: work.depth }, worker));
          return { check: `${work.requests} answers` };
        },
        async close() {
          await near.close();
          await running;
          server.stdin.end();
        },
      };
    },
  };
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  throw new Error("the server ended");
}
