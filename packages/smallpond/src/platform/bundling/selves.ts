/**
 * Gives each bundled file what it knows about itself, such as `import.meta.url`. esbuild can only replace these for all
 * files alike, so they become variables that each file which asks declares for itself.
 */
import { readFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { LOADERS } from "./loaders.ts";

interface SelfReference {
  readonly name: string;
  readonly variable: string;
  /** JavaScript for the value, in the file at `path`. */
  readonly value: (path: string, main: string | null) => string;
}

const SELF: readonly SelfReference[] = [
  { name: "import.meta.url", variable: "__pondUrl", value: (path) => quoted(pathToFileURL(path).href) },
  { name: "import.meta.filename", variable: "__pondFilename", value: quoted },
  { name: "import.meta.dirname", variable: "__pondDirname", value: (path) => quoted(dirname(path)) },
  { name: "import.meta.main", variable: "__pondMain", value: (path, main) => String(path === main) },
  { name: "__filename", variable: "__pondFilename", value: quoted },
  { name: "__dirname", variable: "__pondDirname", value: (path) => quoted(dirname(path)) },
  {
    name: "require.main",
    variable: "__pondRequireMain",
    value: (path, main) => (path === main ? 'typeof module === "object" ? module : undefined' : "undefined"),
  },
];

/** For esbuild's `define`. */
export const SELF_DEFINES: Readonly<Record<string, string>> = Object.fromEntries(
  SELF.map(({ name, variable }) => [name, variable]),
);

export class Selves {
  readonly #main: string | null;
  readonly #added = new Map<string, number>();

  /** @param main the file that is the program, if any is */
  constructor(main: string | null) {
    this.#main = main;
  }

  /** How many characters were put before the first line of a file. */
  addedTo(path: string): number {
    return this.#added.get(path) ?? 0;
  }

  get plugin(): Plugin {
    return {
      name: "pond-selves",
      setup: (build) => {
        build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
          const text = await readFile(path, "utf8");
          const declarations = this.declarations(path, text);
          if (declarations === "") return undefined;
          this.#added.set(path, declarations.length);
          // On the first line, so that the numbers of lines stay; `#!` is only allowed at the very beginning.
          const contents = declarations + text.replace(/^#!/, "//");
          return { contents, loader: LOADERS[extname(path)] ?? "js" };
        });
      },
    };
  }

  /** What a file that asks about itself is told, as JavaScript; empty when it does not ask. */
  declarations(path: string, text: string): string {
    const used = SELF.filter(({ name }) => text.includes(name.startsWith("import.") ? "import.meta" : name));
    const values = new Map(used.map(({ variable, value }) => [variable, value(path, this.#main)]));
    if (values.size === 0) return "";
    return `var ${[...values].map(([variable, value]) => `${variable} = ${value}`).join(", ")}; `;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
