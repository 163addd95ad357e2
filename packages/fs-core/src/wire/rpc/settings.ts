/** What RPC may use, wait for and try. Milliseconds, bytes and counts. */

export interface RpcServerSettings {
  /** Calls running at once in this server; a further one is `OVERLOADED`. */
  readonly callsMax: number;
  /** Calls under way at once on one connection. Clients are told; a further one is `OVERLOADED`. */
  readonly callsPerConnectionMax: number;
  readonly connectionsMax: number;
  /** From a connection's start until the client has proved who it is. */
  readonly handshakeMsMax: number;
  /** Answers that a connection has not taken yet: more are not worked out before it takes some. */
  readonly unsentBytesMax: number;
  /** A client of which nothing is heard for this long is gone. Clients call or ping more often. */
  readonly silenceMsMax: number;
  /** After this a user's client is asked to connect again, which checks its token again. */
  readonly userMsMax: number;
  /** A call without an earlier deadline ends after this. */
  readonly callMsMax: number;
  /** Waiting for memory for bulk bytes; then the call is `OVERLOADED`. */
  readonly bulkWaitMsMax: number;
  /** How long `close` lets running calls go on, and then waits for those it aborted. */
  readonly graceMs: number;
  readonly abortedMsMax: number;
  /** What packets may carry in the DS field if a client asks for it; above 0. */
  readonly marks: readonly number[];
}

export const DEFAULT_RPC_SERVER_SETTINGS: RpcServerSettings = {
  callsMax: 4096,
  callsPerConnectionMax: 512,
  connectionsMax: 16_384,
  handshakeMsMax: 5000,
  unsentBytesMax: 16 * 2 ** 20,
  silenceMsMax: 15_000,
  userMsMax: 300_000,
  callMsMax: 60_000,
  bulkWaitMsMax: 1000,
  graceMs: 2000,
  abortedMsMax: 1000,
  marks: [],
};

export interface RpcClientSettings {
  /** Of calls that do not say. */
  readonly timeoutMs: number;
  readonly timeoutMsMax: number;
  /** Calls under way at once; the service may allow less. */
  readonly callsMax: number;
  /** Calls that wait for others to end; a further one is `OVERLOADED`. */
  readonly waitingMax: number;
  /** Questions that the connection has not taken yet: further calls wait. */
  readonly unsentBytesMax: number;
  /** Of a connection, its handshake included. */
  readonly connectMsMax: number;
  /** From one failed connection to the next try, doubling from the first to the second, less up to a half by chance. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** How often a call of a repeatable method is sent at most. */
  readonly attemptsMax: number;
  /** After this much silence the client asks whether anybody is there. */
  readonly pingMs: number;
  /** After this much silence nobody is. */
  readonly silenceMsMax: number;
  /** When the service has not answered calls that were given up for this long, new calls take a new connection. */
  readonly givenUpMsMax: number;
  /** A connection without calls is closed after this. */
  readonly idleMsMax: number;
  /** What packets carry in the DS field, there and back. */
  readonly dscp: number;
}

export const DEFAULT_RPC_CLIENT_SETTINGS: RpcClientSettings = {
  timeoutMs: 10_000,
  timeoutMsMax: 60_000,
  callsMax: 512,
  waitingMax: 4096,
  unsentBytesMax: 16 * 2 ** 20,
  connectMsMax: 3000,
  backoffMsMin: 10,
  backoffMsMax: 1000,
  attemptsMax: 5,
  pingMs: 1000,
  silenceMsMax: 4000,
  givenUpMsMax: 10_000,
  idleMsMax: 60_000,
  dscp: 0,
};
