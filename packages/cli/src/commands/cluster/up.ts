/** `pond cluster up` */
import { Command, InvalidArgumentError, Option } from "commander";
import { wholeNumber } from "../job/arguments.ts";
import { addClusterOptions, type ClusterFlags } from "./options.ts";

export interface UpFlags extends ClusterFlags {
  readonly storage?: number;
  readonly replicas?: number;
  readonly port?: number;
  readonly targets?: number;
  readonly durability?: "fsync" | "replicated";
  readonly processes?: boolean;
  readonly foreground?: boolean;
  readonly timeout?: number;
}

export function upCommand(): Command {
  const command = new Command("up")
    .description(
      "Start a cluster in the background, make it if there is none in the directory, and print its URL once it serves.",
    )
    .option("--storage <count>", "storage nodes of a new cluster; as many as replicas by default", positive)
    .option("--replicas <count>", "copies of all data in a new cluster; 3 by default", positive)
    .option("--targets <count>", "targets on each storage node of a new cluster; 2 by default", positive)
    .addOption(
      new Option(
        "--durability <kind>",
        "of a new cluster: when a write counts on a replica; fsync by default",
      ).choices(["fsync", "replicated"]),
    )
    .option("--port <port>", "where it is reached; 9000 or another one that is free by default", portNumber)
    .option("--processes", "each service in a process of its own, started again when it dies")
    .option("--foreground", "stay here until Ctrl-C")
    .option("--timeout <seconds>", "how long to wait until it serves; 60 by default", positive);
  return addClusterOptions(command)
    .addHelpText(
      "after",
      "\nData is durable when a write is acknowledged (--durability fsync)." +
        "\nCommands and programs of this user find the cluster by its URL: its token is written to" +
        "\n~/.config/pond/clusters.json." +
        "\n\nExamples:\n  pond cluster up\n  pond cluster up --dir /data/pond --storage 5 --replicas 3 --processes" +
        "\n  export POND_URL=$(pond cluster up)",
    )
    .action(async (flags: UpFlags) => {
      const { clusterUp } = await import("../../cluster/up.ts");
      await clusterUp(flags);
    });
}

function positive(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError("Write a number from 1 on.");
  return value;
}

function portNumber(text: string): number {
  const value = wholeNumber(text);
  if (value < 1 || value > 65_535) throw new InvalidArgumentError("Write a port from 1 to 65535.");
  return value;
}
