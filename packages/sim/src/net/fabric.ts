/** The wires between machines: one link per direction of each pair, with its own delay, loss, speed and cuts. */
import { PondError, type Random } from "@smallpond/base";
import type { Scheduler } from "../time/scheduler.ts";
import type { Trace } from "../world/trace.ts";
import type { FrameFaults } from "./frame-faults.ts";

export interface LinkSettings {
  /** What every packet takes at least, one way. */
  readonly delayMs: number;
  /** Mean of what is added to that; now and then it is many times as long. */
  readonly jitterMs: number;
  /** Share of packets lost. A stream sends them again after a while; a datagram is gone. */
  readonly lossShare: number;
  /** Share of datagrams that arrive twice. Streams remove duplicates of packets. */
  readonly duplicateShare: number;
  readonly bytesPerMs: number;
}

export const LAN: LinkSettings = {
  delayMs: 0.1,
  jitterMs: 0.05,
  lossShare: 0,
  duplicateShare: 0,
  bytesPerMs: 1_000_000,
};

export interface FabricSettings {
  readonly link: LinkSettings;
  /** A stream's first wait before it sends a lost packet again; doubled each time, up to `retransmitMsMax`. */
  readonly retransmitMs: number;
  readonly retransmitMsMax: number;
  /** How long a stream or a connection attempt goes without an answer before it fails with `ETIMEDOUT`. */
  readonly giveUpMs: number;
  /** Bytes one direction of a stream holds, on the wire and unread, before its writer waits. */
  readonly windowBytes: number;
  /** Writes are cut into pieces of at most this size; readers must not rely on borders. */
  readonly segmentBytesMax: number;
}

export const DEFAULT_FABRIC_SETTINGS: FabricSettings = {
  link: LAN,
  retransmitMs: 200,
  retransmitMsMax: 1_500,
  giveUpMs: 20_000,
  windowBytes: 64 * 1024,
  segmentBytesMax: 16 * 1024,
};

/** A direction between two machines, by name. */
export interface Route {
  readonly from: string;
  readonly to: string;
}

export class Fabric {
  readonly settings: FabricSettings;
  readonly random: Random;
  readonly #scheduler: Scheduler;
  readonly #trace: Trace;
  readonly #links: Map<string, LinkSettings> = new Map();
  readonly #cuts: Set<string> = new Set();
  #frameFaults: FrameFaults | undefined;

  constructor(
    deps: { readonly scheduler: Scheduler; readonly trace: Trace; readonly random: Random },
    settings: Partial<FabricSettings> = {},
  ) {
    this.#scheduler = deps.scheduler;
    this.#trace = deps.trace;
    this.random = deps.random;
    this.settings = { ...DEFAULT_FABRIC_SETTINGS, ...settings };
  }

  /** Faults of whole messages inside streams, if any; see {@link FrameFaults}. */
  get frameFaults(): FrameFaults | undefined {
    return this.#frameFaults;
  }

  setFrameFaults(faults: FrameFaults | undefined): void {
    this.#note(faults ? `frames: ${faults.lossShare} lost, ${faults.duplicateShare} twice` : "frames arrive");
    this.#frameFaults = faults;
  }

  /** Whether nothing gets through in this direction. A machine always reaches itself. */
  isCut(route: Route): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(keyOf(route));
  }

  /** Cuts one direction only: the other side may still be heard. */
  cut(route: Route): void {
    if (route.from === route.to) return;
    this.#note(`cut ${keyOf(route)}`);
    this.#cuts.add(keyOf(route));
  }

  mend(route: Route): void {
    if (this.#cuts.delete(keyOf(route))) this.#note(`mended ${keyOf(route)}`);
  }

  /** Changes some settings of one direction. */
  setLink(route: Route, settings: Partial<LinkSettings>): void {
    this.#note(`link ${keyOf(route)} ${JSON.stringify(settings)}`);
    this.#links.set(keyOf(route), { ...this.link(route), ...settings });
  }

  link(route: Route): LinkSettings {
    return this.#links.get(keyOf(route)) ?? this.settings.link;
  }

  /** Everything gets through again, as fast as at the start. */
  heal(): void {
    this.#note("network healed");
    this.#cuts.clear();
    this.#links.clear();
    this.#frameFaults = undefined;
  }

  /** How long the next packet takes, without loss. */
  delayMs(route: Route, bytes: number): number {
    if (route.from === route.to) return 0.01;
    const link = this.link(route);
    return link.delayMs + link.jitterMs * longTail(this.random) + bytes / link.bytesPerMs;
  }

  /** Whether the next packet is lost. */
  loses(route: Route): boolean {
    const { lossShare } = this.link(route);
    return lossShare > 0 && route.from !== route.to && this.random.next() < lossShare;
  }

  #note(text: string): void {
    this.#trace.write(this.#scheduler.nowMs, "network", text);
  }
}

/** Mean 1, exponential; one in a hundred is ten times as long. */
export function longTail(random: Random): number {
  const draw = -Math.log(1 - random.next());
  return random.next() < 0.01 ? draw * 10 : draw;
}

function keyOf(route: Route): string {
  return `${route.from}>${route.to}`;
}

/** Thrown to a program that asks a machine for a thing only a test may ask for. */
export function unknownMachine(name: string): PondError<"UNKNOWN_MACHINE", { readonly name: string }> {
  return new PondError("UNKNOWN_MACHINE", {
    kind: "invalid",
    message: `the world has no machine ${name}`,
    details: { name },
  });
}
