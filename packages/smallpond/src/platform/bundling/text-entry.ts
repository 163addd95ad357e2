/** An entry that only exists as text. It is not the file that stands there, which the text may import. */
import { dirname } from "node:path";
import type { Plugin } from "esbuild";

export const TEXT_NAMESPACE = "pond-text";

export function textEntry(path: string, text: string): Plugin {
  return {
    name: "pond-text-entry",
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) =>
        args.kind === "entry-point" ? { path, namespace: TEXT_NAMESPACE } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: TEXT_NAMESPACE }, () => ({
        contents: text,
        loader: "js",
        resolveDir: dirname(path),
      }));
    },
  };
}
