/** `pond admin …`: what operators look at and do. */
import { Command } from "commander";
import type { AdminFlags } from "../admin/with-admin.ts";

export function adminCommand(): Command {
  const admin = new Command("admin")
    .description("Users and tokens, nodes, targets and chains of a cluster, for root and administrators.")
    .addHelpText(
      "after",
      "\nThe cluster is --url 3fs://host:port or POND_URL; who asks, the token in POND_TOKEN or of `pond cluster up`." +
        "\n\nExamples:\n  pond admin users --url 3fs://127.0.0.1:9000\n  pond admin node-drain 101",
    );
  const commands = [...userCommands(), ...nodeCommands(), ...targetCommands(), ...chainCommands()];
  for (const command of commands) admin.addCommand(withOptions(command));
  return admin;
}

function withOptions(command: Command): Command {
  return command
    .option("--url <url>", "3fs://host:port of the cluster; POND_URL when not given")
    .option("--json", "print JSON")
    .option("--verbose", "print stacks of errors");
}

function userCommands(): Command[] {
  return [
    new Command("users").description("List users and their tokens.").action(async (flags: AdminFlags) => {
      await (await import("../admin/users.ts")).listUsers(flags);
    }),
    new Command("user-add")
      .description("Make a user, or change what is known of one.")
      .argument("<uid>")
      .argument("<name>")
      .option("--gid <gid>", "the uid when not given")
      .option("--group <gid...>", "further groups")
      .option("--admin", "may act as anybody, and administer")
      .addHelpText("after", "\nExample:\n  pond admin user-add 1000 anna --group 20")
      .action(async (uid: string, name: string, flags: AdminFlags) => {
        await (await import("../admin/users.ts")).addUser(uid, name, flags);
      }),
    new Command("user-rm")
      .description("Remove a user and its tokens.")
      .argument("<uid>")
      .action(async (uid: string, flags: AdminFlags) => {
        await (await import("../admin/users.ts")).removeUser(uid, flags);
      }),
    new Command("token-add")
      .description("Make a token for a user and print it: it is shown this once.")
      .argument("<uid>")
      .option("--label <text>", "what it is for")
      .option("--days <n>", "until it expires; one token of a user may have no end")
      .addHelpText("after", "\nExample:\n  export POND_TOKEN=$(pond admin token-add 1000 --days 7)")
      .action(async (uid: string, flags: AdminFlags) => {
        await (await import("../admin/users.ts")).addToken(uid, flags);
      }),
    new Command("token-rm")
      .description("Take a token away.")
      .argument("<uid>")
      .argument("<token>", "its number, see `pond admin users`")
      .action(async (uid: string, token: string, flags: AdminFlags) => {
        await (await import("../admin/users.ts")).removeToken(uid, token, flags);
      }),
  ];
}

function nodeCommands(): Command[] {
  const members = () => import("../admin/members.ts");
  return [
    new Command("nodes").description("List nodes.").action(async (flags: AdminFlags) => {
      await (await members()).listNodes(flags);
    }),
    new Command("node-drain")
      .description("Have a node's targets leave their chains where others serve.")
      .argument("<node>")
      .option("--back", "take that back")
      .action(async (node: string, flags: AdminFlags & { readonly back?: boolean }) => {
        await (await members()).drainNode(node, flags.back !== true, flags);
      }),
    new Command("node-disable")
      .description("Refuse a node; its lease runs out.")
      .argument("<node>")
      .action(async (node: string, flags: AdminFlags) => {
        await (await members()).enableNode(node, false, flags);
      }),
    new Command("node-enable")
      .description("Take a disabled node in again.")
      .argument("<node>")
      .action(async (node: string, flags: AdminFlags) => {
        await (await members()).enableNode(node, true, flags);
      }),
  ];
}

function targetCommands(): Command[] {
  const members = () => import("../admin/members.ts");
  return [
    new Command("targets").description("List targets.").action(async (flags: AdminFlags) => {
      await (await members()).listTargets(flags);
    }),
    new Command("target-offline")
      .description("Take a target out of its chain as soon as another replica serves.")
      .argument("<target>")
      .option("--force", "at once, even if nobody serves then")
      .action(async (target: string, flags: AdminFlags & { readonly force?: boolean }) => {
        await (await members()).holdTarget(target, flags.force === true ? "forced" : "orderly", flags);
      }),
    new Command("target-online")
      .description("Let a target back into its chain.")
      .argument("<target>")
      .action(async (target: string, flags: AdminFlags) => {
        await (await members()).holdTarget(target, "none", flags);
      }),
  ];
}

function chainCommands(): Command[] {
  const members = () => import("../admin/members.ts");
  return [
    new Command("chains").description("List chains and their replicas.").action(async (flags: AdminFlags) => {
      await (await members()).listChains(flags);
    }),
    new Command("chain-order")
      .description("Say in which order a chain's replicas should stand when all serve.")
      .argument("<chain>")
      .argument("<target...>", "all of them, the head first")
      .action(async (chain: string, targets: string[], flags: AdminFlags) => {
        await (await members()).orderChain(chain, targets, flags);
      }),
    new Command("chain-rotate")
      .description("Take one step towards that order; repeat it until nothing changes.")
      .argument("<chain>")
      .action(async (chain: string, flags: AdminFlags) => {
        await (await members()).rotateChain(chain, flags);
      }),
    new Command("chain-believe")
      .description("Let a replica serve that may lack acknowledged data, because no complete one comes back.")
      .argument("<chain>")
      .argument("<target>")
      .action(async (chain: string, target: string, flags: AdminFlags) => {
        await (await members()).believeTarget(chain, target, flags);
      }),
  ];
}
