/** `pond doctor` */
import { Command } from "commander";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Say what this machine has, what is missing, and what to do about it.")
    .option("--json", "print one JSON object")
    .option("--verbose", "print stacks of errors")
    .addHelpText("after", "\nExample:\n  pond doctor --json")
    .action(async (options: { readonly json?: boolean }) => {
      const { doctor } = await import("../doctor/doctor.ts");
      await doctor({ json: options.json ?? false });
    });
}
