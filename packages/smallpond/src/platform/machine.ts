/** What the machine offers. */
import { availableParallelism, homedir, tmpdir, totalmem } from "node:os";
import { join } from "node:path";

export interface Machine {
  readonly cores: number;
  /** Memory this process may use, in bytes: the machine's, or less in a container. */
  readonly memoryBytes: number;
  readonly homeDirectory: string;
  readonly tempDirectory: string;
}

export function thisMachine(): Machine {
  const constrained = process.constrainedMemory?.() ?? 0;
  const total = totalmem();
  return {
    cores: availableParallelism(),
    // Without a limit Node reports 0 or a number beyond any machine.
    memoryBytes: constrained > 0 && constrained < total ? constrained : total,
    homeDirectory: homedir(),
    tempDirectory: join(tmpdir()),
  };
}
