/** `pond fs …`: files of clusters. */
import { Command } from "commander";

export function fsCommand(): Command {
  const fs = new Command("fs")
    .description("List, copy, move and remove files of a cluster.")
    .addHelpText(
      "after",
      "\nA path in a cluster is 3fs://host:port/path. With POND_URL=3fs://host:port, /path will do, and 3fs:///path for cp." +
        "\n\nExamples:\n  pond fs ls -l 3fs://127.0.0.1:9000/\n  pond fs cp --recursive data 3fs://127.0.0.1:9000/data",
    );
  const commands = [
    lsCommand(),
    cpCommand(),
    mvCommand(),
    rmCommand(),
    catCommand(),
    mkdirCommand(),
    statCommand(),
  ];
  for (const command of [...commands, duCommand(), lnCommand(), chmodCommand(), fsckCommand()]) {
    fs.addCommand(command.option("--verbose", "print stacks of errors"));
  }
  return fs;
}

function lsCommand(): Command {
  return new Command("ls")
    .description("List directories.")
    .argument("<path...>")
    .option("-l, --long", "what they are, whose, how large and how old")
    .option("--human", "sizes as people say them")
    .option("-r, --recursive", "also what is below")
    .option("--json", "one JSON object a line")
    .addHelpText("after", "\nExample:\n  pond fs ls -l 3fs://127.0.0.1:9000/data")
    .action(async (paths: string[], flags: object) => {
      const { ls } = await import("../fs/ls.ts");
      await ls(paths, flags);
    });
}

function cpCommand(): Command {
  return new Command("cp")
    .description("Copy files into, out of and within clusters. A target is replaced when its copy is whole.")
    .argument("<path...>", "what to copy, and at last where to")
    .option("-r, --recursive", "directories with all that is in them")
    .option("--resume", "leave out what is there already with the same size and time; go on with parts")
    .option("--verify", "read copies back and compare checksums")
    .option("--jobs <n>", "files at once (default 8)")
    .option("--json", "print what was copied as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  pond fs cp --recursive --resume --verify data 3fs://127.0.0.1:9000/data",
    )
    .action(async (paths: string[], flags: object) => {
      const { cp } = await import("../fs/cp.ts");
      await cp(paths, flags);
    });
}

function mvCommand(): Command {
  return new Command("mv")
    .description("Move or rename within a cluster, in one step.")
    .argument("<from>")
    .argument("<to>")
    .option("--keep", "refuse if the new name is taken")
    .option("--exchange", "let the two change places")
    .addHelpText("after", "\nExample:\n  pond fs mv 3fs://127.0.0.1:9000/a 3fs://127.0.0.1:9000/b")
    .action(async (from: string, to: string, flags: object) => {
      const { mv } = await import("../fs/simple.ts");
      await mv(from, to, flags);
    });
}

function rmCommand(): Command {
  return new Command("rm")
    .description("Remove files.")
    .argument("<path...>")
    .option("-r, --recursive", "directories with all that is in them")
    .option("-f, --force", "what is not there is no error")
    .addHelpText("after", "\nExample:\n  pond fs rm --recursive 3fs://127.0.0.1:9000/data/old")
    .action(async (paths: string[], flags: object) => {
      const { rm } = await import("../fs/simple.ts");
      await rm(paths, flags);
    });
}

function catCommand(): Command {
  return new Command("cat")
    .description("Print files.")
    .argument("<path...>")
    .addHelpText("after", "\nExample:\n  pond fs cat 3fs://127.0.0.1:9000/data/notes.txt")
    .action(async (paths: string[]) => {
      const { cat } = await import("../fs/simple.ts");
      await cat(paths);
    });
}

function mkdirCommand(): Command {
  return new Command("mkdir")
    .description("Make directories.")
    .argument("<path...>")
    .option("-p, --parents", "also those above, as needed")
    .option("-m, --mode <mode>", "three or four octal digits")
    .addHelpText("after", "\nExample:\n  pond fs mkdir --parents 3fs://127.0.0.1:9000/data/2026")
    .action(async (paths: string[], flags: object) => {
      const { mkdir } = await import("../fs/simple.ts");
      await mkdir(paths, flags);
    });
}

function statCommand(): Command {
  return new Command("stat")
    .description("Say all that is known of files.")
    .argument("<path...>")
    .option("-L, --follow", "what symbolic links lead to")
    .option("--json", "one JSON object a line")
    .addHelpText("after", "\nExample:\n  pond fs stat --json 3fs://127.0.0.1:9000/data/a.bin")
    .action(async (paths: string[], flags: object) => {
      const { stat } = await import("../fs/simple.ts");
      await stat(paths, flags);
    });
}

function duCommand(): Command {
  return new Command("du")
    .description("Add up the bytes below paths.")
    .argument("<path...>")
    .option("--human", "sizes as people say them")
    .option("--json", "one JSON object a line")
    .addHelpText("after", "\nExample:\n  pond fs du --human 3fs://127.0.0.1:9000/data")
    .action(async (paths: string[], flags: object) => {
      const { du } = await import("../fs/du.ts");
      await du(paths, flags);
    });
}

function lnCommand(): Command {
  return new Command("ln")
    .description("Give a file another name, or make a symbolic link.")
    .argument("<existing>")
    .argument("<path>")
    .option("-s, --symbolic", "a link to a path, whatever is there")
    .addHelpText("after", "\nExample:\n  pond fs ln --symbolic data/2026 3fs://127.0.0.1:9000/latest")
    .action(async (existing: string, path: string, flags: object) => {
      const { ln } = await import("../fs/simple.ts");
      await ln(existing, path, flags);
    });
}

function chmodCommand(): Command {
  return new Command("chmod")
    .description("Change who may do what with files.")
    .argument("<mode>", "three or four octal digits")
    .argument("<path...>")
    .addHelpText("after", "\nExample:\n  pond fs chmod 750 3fs://127.0.0.1:9000/data")
    .action(async (mode: string, paths: string[]) => {
      const { chmod } = await import("../fs/simple.ts");
      await chmod(mode, paths);
    });
}

function fsckCommand(): Command {
  return new Command("fsck")
    .description("Have the metadata checked, while others work; for root and administrators.")
    .option("--url <url>", "3fs://host:port of the cluster; POND_URL when not given")
    .option("--repair", "mend what can be mended without losing anything")
    .option("--json", "print one JSON object for each finding")
    .addHelpText("after", "\nExample:\n  pond fs fsck --url 3fs://127.0.0.1:9000")
    .action(async (flags: object) => {
      const { fsck } = await import("../admin/fsck.ts");
      await fsck(flags);
    });
}
