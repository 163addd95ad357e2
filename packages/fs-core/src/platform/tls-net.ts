/**
 * The machine's sockets with TLS 1.3 around them. Each side proves who it is by a certificate of an authority that the
 * other one trusts; clients only where the service asks them to.
 */
import {
  type ConnectionOptions,
  createServer,
  type SecureContextOptions,
  connect as tlsConnect,
} from "node:tls";
import {
  type Connection,
  DEFAULT_NET_SETTINGS,
  formatAddress,
  type Listener,
  type Net,
  type NetAddress,
  type NetSettings,
  PondError,
  type SignalOptions,
} from "@smallpond/base";
import { connected, NodeConnection, NodeListener, toNetError } from "@smallpond/base/platform/node";

export interface TlsIdentity {
  /** The certificate and those between it and the authority, in PEM. */
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface TlsNetDeps {
  /** Of services always; of clients where the services ask for it. */
  readonly identity?: TlsIdentity;
  /** Certificates of the authorities that are trusted, in PEM; without any, those that Node knows. */
  readonly authoritiesPem?: readonly string[];
}

export interface TlsNetSettings extends NetSettings {
  /** Whether clients must show a certificate too. */
  readonly clientsProve: boolean;
  /** The name that services' certificates have, where that is not the host they are called by. */
  readonly serverName: string | undefined;
  /** From a connection's start until both sides know each other. */
  readonly handshakeMsMax: number;
}

export const DEFAULT_TLS_NET_SETTINGS: TlsNetSettings = {
  ...DEFAULT_NET_SETTINGS,
  clientsProve: false,
  serverName: undefined,
  handshakeMsMax: 5000,
};

/** The other side's certificate is not trusted, or this side's is missing. */
export type TlsError = PondError<"TLS_REFUSED", { readonly address: string; readonly reason: string }>;

export class TlsNet implements Net {
  readonly #deps: TlsNetDeps;
  readonly #settings: TlsNetSettings;

  constructor(deps: TlsNetDeps, settings: Partial<TlsNetSettings> = {}) {
    this.#deps = deps;
    this.#settings = { ...DEFAULT_TLS_NET_SETTINGS, ...settings };
  }

  /** @throws TLS_REFUSED without a certificate to show. */
  async listen(address: NetAddress): Promise<Listener> {
    const { clientsProve, handshakeMsMax } = this.#settings;
    if (this.#deps.identity === undefined)
      throw tlsRefused(address, "a service needs a certificate and its key");
    const server = createServer({
      ...this.#context(),
      requestCert: clientsProve,
      rejectUnauthorized: clientsProve,
      handshakeTimeout: handshakeMsMax,
      allowHalfOpen: true,
      noDelay: true,
    });
    const listener = new NodeListener(server, this.#settings, "secureConnection");
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(targetOf(address), () => {
          server.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      throw toNetError(error, { operation: "listen", address: formatAddress(address) });
    }
    return listener.started(address);
  }

  /** @throws TLS_REFUSED when the service's certificate is not trusted. */
  async connect(address: NetAddress, { signal }: SignalOptions = {}): Promise<Connection> {
    signal?.throwIfAborted();
    const { serverName } = this.#settings;
    const options: ConnectionOptions & { readonly allowHalfOpen: boolean } = {
      ...this.#context(),
      ...targetOf(address),
      ...(serverName === undefined ? {} : { servername: serverName }),
      allowHalfOpen: true,
    };
    const socket = tlsConnect(options);
    socket.setNoDelay(true);
    const remote = formatAddress(address);
    try {
      await connected(socket, "secureConnect", signal);
    } catch (error) {
      socket.destroy();
      if (signal?.aborted) throw signal.reason;
      const { code } = error as NodeJS.ErrnoException;
      if (isCertificateError(code)) throw tlsRefused(address, (error as Error).message, error);
      throw toNetError(error, { operation: "connect", address: remote });
    }
    return new NodeConnection(socket, { remote, settings: this.#settings });
  }

  #context(): SecureContextOptions {
    const { identity, authoritiesPem } = this.#deps;
    return {
      minVersion: "TLSv1.3",
      ...(identity === undefined ? {} : { cert: identity.certificatePem, key: identity.keyPem }),
      ...(authoritiesPem === undefined ? {} : { ca: [...authoritiesPem] }),
    };
  }
}

function targetOf(address: NetAddress): { path: string } | { host: string; port: number } {
  return address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
}

/** Node's names for what is wrong with a certificate: OpenSSL's, and its own. */
function isCertificateError(code: string | undefined): boolean {
  if (code === undefined) return false;
  return /CERT|ALTNAME|ISSUER|SELF_SIGNED|ERR_SSL_/.test(code);
}

function tlsRefused(address: NetAddress, reason: string, cause?: unknown): TlsError {
  const place = formatAddress(address);
  return new PondError("TLS_REFUSED", {
    kind: "invalid",
    message: `no trust between here and ${place}: ${reason}`,
    details: { address: place, reason },
    hint: "look at the certificates, the names in them, and the authorities that both sides trust",
    ...(cause === undefined ? {} : { cause }),
  });
}
