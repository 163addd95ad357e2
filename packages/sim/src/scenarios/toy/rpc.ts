/**
 * Questions and answers over connections. A question without an answer in time is forgotten: it may have been carried
 * out or not, once or more often, now or later. Whoever asks has to make that harmless.
 */
import {
  type Clock,
  type Connection,
  concatBytes,
  type Listener,
  type Net,
  type NetAddress,
  PondError,
  type Probes,
  type Tasks,
  type Timer,
} from "@smallpond/base";
import { ByteReader, ByteWriter, badBytes, frame, frameBytes, unframe } from "./codec.ts";
import { decodeMessage, encodeMessage, type Message } from "./messages.ts";
import { isNetworkError } from "./network-errors.ts";

const FRAME_BYTES_MAX = 1 << 20;
const ANSWERING_MAX = 64;
/** Silence for this many questions in a row: the connection may be dead at the other end. */
const SILENCE_MAX = 3;

/** Payloads of whole frames, as they arrive. */
async function* frames(connection: Connection): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const bytes of connection) {
    rest = rest.length === 0 ? bytes : concatBytes([rest, bytes]);
    for (let size = frameBytes(rest); size !== undefined && size <= rest.length; size = frameBytes(rest)) {
      const payload = unframe(rest.subarray(0, size));
      if (payload === undefined) throw badBytes("a frame arrived damaged");
      yield payload;
      rest = rest.slice(size);
    }
    if ((frameBytes(rest) ?? 0) > FRAME_BYTES_MAX) throw badBytes("a frame is too long");
  }
}

function envelope(id: number, message: Message): Uint8Array {
  return frame(new ByteWriter().u32(id).bytes(encodeMessage(message)).finish());
}

function open(payload: Uint8Array): { readonly id: number; readonly message: Message } {
  const reader = new ByteReader(payload);
  const opened = { id: reader.u32(), message: decodeMessage(reader.bytes()) };
  reader.end();
  return opened;
}

/** Answers whoever connects, until stopped. */
export async function serve(
  deps: { readonly listener: Listener; readonly tasks: Tasks; readonly stop: AbortSignal },
  answer: (message: Message) => Promise<Message>,
): Promise<void> {
  const { listener, tasks, stop } = deps;
  const open = new Set<Connection>();
  const closeAll = (): void => {
    tasks.spawn(async () => void (await Promise.all([listener, ...open].map((each) => each.close()))));
  };
  // Being asked to stop may have come first, while the replica was starting.
  if (stop.aborted) closeAll();
  else stop.addEventListener("abort", closeAll, { once: true });
  for await (const connection of listener) {
    open.add(connection);
    tasks.spawn(async () => {
      try {
        await answerAll(connection, tasks, answer);
      } catch (error) {
        if (!isNetworkError(error)) throw error;
      } finally {
        open.delete(connection);
        await connection.close();
      }
    });
  }
}

async function answerAll(
  connection: Connection,
  tasks: Tasks,
  answer: (message: Message) => Promise<Message>,
): Promise<void> {
  for await (const payload of frames(connection)) {
    const { id, message } = open(payload);
    // Too much at once: forget the question, as a network may.
    if (tasks.count > ANSWERING_MAX) continue;
    tasks.spawn(async () => {
      const reply = await answer(message);
      try {
        await connection.write(envelope(id, reply));
      } catch (error) {
        if (!isNetworkError(error)) throw error;
      }
    });
  }
}

/** Asks one address, over one connection that is made when needed and made again when it breaks. */
export class Caller {
  readonly #net: Net;
  readonly #clock: Clock;
  readonly #probes: Probes;
  readonly #tasks: Tasks;
  readonly #address: NetAddress;
  readonly #waiting: Map<number, (message: Message) => void> = new Map();
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #nextId = 1;
  #silence = 0;
  readonly #closing: AbortController = new AbortController();

  constructor(
    deps: { readonly net: Net; readonly clock: Clock; readonly probes: Probes; readonly tasks: Tasks },
    address: NetAddress,
  ) {
    this.#net = deps.net;
    this.#clock = deps.clock;
    this.#probes = deps.probes;
    this.#tasks = deps.tasks;
    this.#address = address;
  }

  /** The answer; fails with a network error, or `NO_ANSWER` after `timeoutMs`. */
  async ask(question: Message, timeoutMs: number): Promise<Message> {
    const id = this.#nextId++;
    // One timer for all of it, and no deadline signal: a question is asked thousands of times.
    let timer: Timer | undefined;
    try {
      return await new Promise<Message>((resolve, reject) => {
        timer = this.#clock.timer(timeoutMs, () => reject(noAnswer(this.#address)));
        this.#waiting.set(id, resolve);
        this.#send(envelope(id, question), timeoutMs).catch(reject);
      });
    } catch (error) {
      this.#silence += 1;
      if (this.#silence > SILENCE_MAX || this.#probes.buggify("rpc: reconnects at once"))
        await this.#hangUp();
      throw error;
    } finally {
      timer?.cancel();
      this.#waiting.delete(id);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(noAnswer(this.#address));
    await this.#connection?.close();
  }

  async #send(bytes: Uint8Array, timeoutMs: number): Promise<void> {
    this.#closing.signal.throwIfAborted();
    if (this.#connection === undefined && this.#connecting === undefined) {
      const dialling = this.#dial(timeoutMs);
      this.#connecting = dialling;
      // The attempt outlives a question that gives up first, but not the caller.
      this.#tasks.spawn(() => dialling.then(NOTHING, NOTHING));
    }
    const connection = this.#connection ?? (await this.#connecting);
    await connection?.write(bytes);
  }

  async #dial(timeoutMs: number): Promise<Connection> {
    using deadline = this.#clock.deadline(timeoutMs, { signal: this.#closing.signal });
    try {
      const connection = await this.#net.connect(this.#address, { signal: deadline.signal });
      if (this.#closing.signal.aborted) await connection.close();
      else this.#connection = connection;
      this.#silence = 0;
      this.#tasks.spawn(() => this.#listen(connection));
      return connection;
    } finally {
      this.#connecting = undefined;
    }
  }

  async #listen(connection: Connection): Promise<void> {
    try {
      for await (const payload of frames(connection)) {
        const { id, message } = open(payload);
        this.#silence = 0;
        this.#waiting.get(id)?.(message);
      }
    } catch (error) {
      if (!isNetworkError(error)) throw error;
    } finally {
      if (this.#connection === connection) this.#connection = undefined;
      await connection.close();
    }
  }

  async #hangUp(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }
}

const NOTHING = (): void => {};

function noAnswer(address: NetAddress): PondError<"NO_ANSWER"> {
  const where = address.kind === "tcp" ? `${address.host}:${address.port}` : address.path;
  return new PondError("NO_ANSWER", { kind: "unknown-outcome", message: `${where} did not answer in time` });
}
