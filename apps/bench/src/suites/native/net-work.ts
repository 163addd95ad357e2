/** The work of the network benchmarks, for any kind of socket: requests of 64 bytes, answered by a payload of some size. */
import type { Connection, NetAddress } from "@smallpond/base";
import { NodeNet } from "@smallpond/base/platform/node";
import {
  type BufferPool,
  type LeasedConnection,
  type LeasedNet,
  openLeasedNet,
  PortableNet,
} from "@smallpond/fs-native";

export type NetKind = "native" | "portable";

/** Bytes of a request: the payload's size, and nothing else of interest. */
export const REQUEST_BYTES = 64;

export interface NetWork {
  readonly name: string;
  readonly payloadBytes: number;
  readonly requests: number;
  /** Requests under way at once. */
  readonly depth: number;
}

export function netOf(kind: NetKind): LeasedNet {
  return kind === "native" ? openLeasedNet({ engine: "native" }) : new PortableNet(new NodeNet());
}

/** Answers every request of every connection, until the process ends. */
export async function serve(net: LeasedNet, address: NetAddress, pool: BufferPool): Promise<NetAddress> {
  const listener = await net.listen(address);
  void (async () => {
    for await (const connection of listener) void answer(connection, pool);
  })();
  return listener.address;
}

async function answer(connection: LeasedConnection, pool: BufferPool): Promise<void> {
  using lease = await pool.take(2 ** 20);
  let sent: Promise<void> = Promise.resolve();
  while (await connection.fill(REQUEST_BYTES)) {
    const view = connection.receivedView;
    // All that arrived is answered at once; what is not sent yet holds the next batch back.
    const sending: Promise<void>[] = [];
    for (let at = 0; at + REQUEST_BYTES <= view.length; at += REQUEST_BYTES) {
      const size = new DataView(view.buffer, view.byteOffset + at).getUint32(0, true);
      sending.push(connection.writeFrom([{ lease, length: size }]));
    }
    connection.consume(sending.length * REQUEST_BYTES);
    await sent;
    sent = Promise.all(sending).then(() => {});
  }
  await sent;
}

/** The same round without leases: answers are counted. */
export async function count(
  connection: Connection,
  chunks: AsyncIterator<Uint8Array>,
  work: NetWork,
): Promise<void> {
  const header = requestOf(work);
  let asked = 0;
  let received = 0;
  while (received < work.requests * work.payloadBytes) {
    const answered = Math.floor(received / work.payloadBytes);
    for (; asked < work.requests && asked - answered < work.depth; asked++) void connection.write(header);
    const next = await chunks.next();
    if (next.done) throw new Error("the server ended");
    received += next.value.length;
  }
}

function requestOf({ payloadBytes }: NetWork): Uint8Array {
  const header = new Uint8Array(REQUEST_BYTES);
  new DataView(header.buffer).setUint32(0, payloadBytes, true);
  return header;
}

/** One round: every answer is read into a lease, in order. */
export async function request(connection: LeasedConnection, pool: BufferPool, work: NetWork): Promise<void> {
  using lease = await pool.take(work.payloadBytes);
  const header = requestOf(work);
  const into = { lease, length: work.payloadBytes };
  let asked = 0;
  for (let answered = 0; answered < work.requests; answered++) {
    for (; asked < work.requests && asked - answered < work.depth; asked++) void connection.write(header);
    if (work.payloadBytes <= REQUEST_BYTES) {
      if (connection.receivedView.length < work.payloadBytes) await connection.fill(work.payloadBytes);
      connection.consume(work.payloadBytes);
    } else await connection.readInto(into);
  }
}
