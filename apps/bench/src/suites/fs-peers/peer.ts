/** A file system of somebody else, started on this machine only and seen through its mount. */

export interface Peer {
  readonly name: string;
  /** Debian's packages, and a program of each. */
  readonly packages: readonly { readonly name: string; readonly program: string }[];
  start(place: PeerPlace): Promise<Mounted>;
}

export interface PeerPlace {
  /** Empty; for all that it keeps. */
  readonly directory: string;
  readonly replicas: number;
  /** Of this machine, and not of the loopback, which these services refuse. */
  readonly address: string;
}

export interface Mounted {
  readonly mount: string;
  stop(): Promise<void>;
}
