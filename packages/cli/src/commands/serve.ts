/** `pond serve …`: one service of a cluster of many machines. */
import { Command } from "commander";
import { wholeNumber } from "./job/arguments.ts";

export type ServedKind = "mind" | "storage";

export interface ServeFlags {
  readonly config: string;
  readonly node?: number;
  readonly check?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

const SAME =
  "The cluster manager and the metadata service are one process today: `mgmtd` and `meta` both start it.";

export function serveCommand(): Command {
  const serve = new Command("serve")
    .description(
      "Run one service of a cluster of several machines in the foreground, as a file in TOML says.",
    )
    .addHelpText(
      "after",
      `\n${SAME}\n\nExamples:\n  pond serve mgmtd --config cluster.toml\n  pond serve storage --config cluster.toml --node 102`,
    );
  serve.addCommand(kindCommand("mgmtd", "mind", `Run a cluster manager. ${SAME}`));
  serve.addCommand(kindCommand("meta", "mind", `Run a metadata service. ${SAME}`));
  serve.addCommand(kindCommand("storage", "storage", "Run a storage service."));
  return serve;
}

function kindCommand(name: string, kind: ServedKind, description: string): Command {
  return new Command(name)
    .description(`${description} Ends in order on SIGTERM and Ctrl-C.`)
    .requiredOption("--config <file>", "what the cluster is made of; the same file on all machines")
    .option(
      "--node <number>",
      "which node of the file; by default the one whose host is this machine",
      wholeNumber,
    )
    .option("--check", "say whether the file is good, and start nothing")
    .option("--json", "print one JSON object when it serves")
    .option("--verbose", "print stacks of errors")
    .addHelpText(
      "after",
      `\nExamples:\n  pond serve ${name} --config /etc/pond/cluster.toml\n  pond serve ${name} --config cluster.toml --check`,
    )
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("../serve/serve.ts");
      await serve(kind, flags);
    });
}
