/** Python smallpond as a side: `peers/smallpond_peer.py` does the work, this talks to it. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import type { BenchContext, OpenSide, Outcome, Side } from "../../harness/benchmark.ts";
import { dataPaths } from "../smallpond/data.ts";
import { PEER_SCRIPT, venvPython } from "./venv.ts";

/** Without it Ray writes a login token into the home directory. */
const RAY_ENVIRONMENT = { RAY_AUTH_MODE: "disabled" };

/** Ray is started once, before the rounds. */
export function warmPython(name: string, pipeline: string): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const peer = await PythonPeer.start(context);
      const target = (round: number): string => `${context.scratchDir}/python-${process.pid}-${round}`;
      return {
        run: async (round) => await peer.run(pipeline, target(round)),
        tidy: async (round) => await rm(target(round), { recursive: true, force: true }),
        close: () => peer.close(),
      };
    },
  };
}

/** Ray is started in every round, as it is for every script. */
export function coldPython(name: string, pipeline: string): Side {
  return {
    name,
    open: (context: BenchContext): Promise<OpenSide> =>
      Promise.resolve({
        async run(round): Promise<Outcome> {
          const start = performance.now();
          const peer = await PythonPeer.start(context);
          const { check } = await peer.run(pipeline, `${context.scratchDir}/python-cold-${round}`);
          await peer.close();
          return { check, ms: performance.now() - start };
        },
        close: () => Promise.resolve(),
      }),
  };
}

type Answer = {
  readonly ready?: number;
  readonly ms?: number;
  readonly check?: string;
  readonly error?: string;
};

class PythonPeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #rayDir: string;
  readonly #answers: AsyncIterator<string>;
  #stderr = "";

  private constructor(child: ChildProcessWithoutNullStreams, rayDir: string) {
    this.#child = child;
    this.#rayDir = rayDir;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on("data", (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(-4_000);
    });
  }

  static async start(context: BenchContext): Promise<PythonPeer> {
    // Ray puts sockets below, whose paths must be short.
    const rayDir = await mkdtemp(`${tmpdir()}/pond-ray-`);
    const order = {
      ...dataPaths(context),
      scratch: context.scratchDir,
      ray: rayDir,
      threads: context.threads,
    };
    const child = spawn(venvPython(context), [PEER_SCRIPT, JSON.stringify(order)], {
      env: { ...process.env, ...RAY_ENVIRONMENT },
    });
    const peer = new PythonPeer(child, rayDir);
    await peer.#answer();
    return peer;
  }

  async run(pipeline: string, target: string): Promise<Outcome> {
    this.#child.stdin.write(`${JSON.stringify({ pipeline, target })}\n`);
    const { ms, check, error } = await this.#answer();
    if (ms === undefined || check === undefined) throw new Error(`Python smallpond failed:\n${error}`);
    return { check, ms };
  }

  /** Ray's processes end with the script. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin.end();
    await ended;
    await rm(this.#rayDir, { recursive: true, force: true });
  }

  async #answer(): Promise<Answer> {
    const line = await this.#answers.next();
    if (line.done === true) throw new Error(`Python smallpond ended:\n${this.#stderr}`);
    return JSON.parse(line.value) as Answer;
  }
}
