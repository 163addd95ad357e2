/** What a replica promised and must not forget: its epoch, whom it voted for there, and whether it is a suspect. */
import { type Disk, isPondError, type Probes } from "@smallpond/base";
import { ByteReader, ByteWriter, badBytes, frame, frameBytes, unframe } from "./codec.ts";

export interface BallotState {
  readonly epoch: number;
  /** -1 for nobody yet. */
  readonly votedFor: number;
  /** Whether something it stored or promised may be gone. */
  readonly suspect: boolean;
}

const PATH = "/data/ballot";
const NEXT = "/data/ballot.next";

export class Ballot {
  readonly #disk: Disk;
  #state: BallotState = { epoch: 0, votedFor: -1, suspect: false };

  constructor(deps: { readonly disk: Disk }) {
    this.#disk = deps.disk;
  }

  get state(): BallotState {
    return this.#state;
  }

  /** Reads what was saved. A ballot that rotted leaves a suspect in the epoch its journal knows of. */
  async load(probes: Probes, lastEpoch: number): Promise<void> {
    const saved = await this.#read();
    if (saved === "missing") return;
    if (saved === "damaged") probes.mark("ballot: damage found");
    this.#state = saved === "damaged" ? { epoch: lastEpoch, votedFor: -1, suspect: true } : saved;
  }

  /** Durable when it returns. The old ballot stays whole until the new one is. */
  async save(state: BallotState): Promise<void> {
    const payload = new ByteWriter()
      .u8(1)
      .u32(state.epoch)
      .u8(state.votedFor + 1)
      .u8(Number(state.suspect))
      .finish();
    await this.#disk.writeFile(NEXT, frame(payload), { sync: true });
    await this.#disk.rename({ from: NEXT, to: PATH });
    await this.#disk.syncDirectory("/data");
    this.#state = state;
  }

  async #read(): Promise<BallotState | "missing" | "damaged"> {
    try {
      const bytes = await this.#disk.readFile(PATH);
      const payload = frameBytes(bytes) === bytes.length ? unframe(bytes) : undefined;
      if (payload === undefined) return "damaged";
      const reader = new ByteReader(payload);
      if (reader.u8() !== 1) throw badBytes("a ballot of another version");
      return { epoch: reader.u32(), votedFor: reader.u8() - 1, suspect: reader.u8() === 1 };
    } catch (error) {
      if (isPondError(error, "ENOENT")) return "missing";
      throw error;
    }
  }
}
