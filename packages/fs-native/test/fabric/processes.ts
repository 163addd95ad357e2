/** Partners in processes of their own, to be stopped and killed. They run the built package. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { fromHex } from "@smallpond/base";
import type { FabricPartner } from "@smallpond/fs-native/testing";
import { PROVIDER } from "./here.ts";

const PROGRAM = fileURLToPath(new URL("./partner-process.mjs", import.meta.url));
export async function startPartnerProcess(): Promise<Required<FabricPartner>> {
  const args = [PROGRAM, PROVIDER.provider, PROVIDER.host];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = await firstLine(child);
  return {
    address: fromHex(line),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    freeze: async () => {
      child.kill("SIGSTOP");
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    text += chunk as string;
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error(
    `the process ended with ${child.exitCode ?? child.signalCode} and printed ${JSON.stringify(text)}`,
  );
}
