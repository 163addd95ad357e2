import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const conditions = ["@smallpond/source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Tests wait for processes of theirs more than for a core: as many files at once as there are cores.
    maxWorkers: availableParallelism(),
    projects: [
      "packages/base",
      "packages/fs-native",
      "packages/fs-core",
      "packages/smallpond",
      "packages/cli",
      "packages/sim",
      "apps/bench",
    ].map((root) => ({
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        name: root.split("/")[1] as string,
        root,
        include: ["test/**/*.test.ts"],
        testTimeout: 60_000,
        hookTimeout: 60_000,
      },
    })),
  },
});
