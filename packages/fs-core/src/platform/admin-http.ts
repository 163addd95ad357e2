/**
 * The admin port: what this process counts at `/metrics`, and whether it is well at `/healthz`. For whoever watches the
 * cluster; it changes nothing and is not authenticated, so it listens on this machine unless told otherwise.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { formatAddress, type NetAddress } from "@smallpond/base";
import { toNetError } from "@smallpond/base/platform/node";
import type { Logger } from "../service/log.ts";
import type { Metrics } from "../service/metrics.ts";

export interface AdminHttpDeps {
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Nothing when all is well, else one line that says what is not. Quick: it looks at what is known. */
  readonly unwell: () => string | undefined;
}

export interface AdminHttpSettings {
  readonly address: NetAddress;
  /** Scrapers at once; further ones are turned away. */
  readonly connectionsMax: number;
  /** From the start of a request until it has come whole, and between two of one connection. */
  readonly requestMsMax: number;
}

export const DEFAULT_ADMIN_HTTP_SETTINGS: AdminHttpSettings = {
  address: { kind: "tcp", host: "127.0.0.1", port: 0 },
  connectionsMax: 32,
  requestMsMax: 5000,
};

export class AdminHttp implements AsyncDisposable {
  readonly address: NetAddress;
  readonly #server: Server;

  private constructor(server: Server, address: NetAddress) {
    this.#server = server;
    this.address = address;
  }

  /** Listens. Port 0 asks for a free one: read it from `address`. */
  static async open(deps: AdminHttpDeps, settings: Partial<AdminHttpSettings> = {}): Promise<AdminHttp> {
    const { address, connectionsMax, requestMsMax } = { ...DEFAULT_ADMIN_HTTP_SETTINGS, ...settings };
    const server = createServer({
      requestTimeout: requestMsMax,
      headersTimeout: requestMsMax,
      keepAliveTimeout: requestMsMax,
      connectionsCheckingInterval: requestMsMax,
      maxHeaderSize: 8192,
    });
    server.maxConnections = connectionsMax;
    server.on("request", (request: IncomingMessage, response: ServerResponse) =>
      answer(deps, request, response),
    );
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(
          address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port },
          () => {
            server.off("error", reject);
            resolve();
          },
        );
      });
    } catch (error) {
      throw toNetError(error, { operation: "listen", address: formatAddress(address) });
    }
    server.on("error", (error) => deps.log.error("admin port failed", { error: error.message }));
    const taken =
      address.kind === "unix" ? address : { ...address, port: (server.address() as AddressInfo).port };
    deps.log.info("admin port listens", { address: formatAddress(taken) });
    return new AdminHttp(server, taken);
  }

  /** Drops requests under way. Idempotent. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function answer(deps: AdminHttpDeps, request: IncomingMessage, response: ServerResponse): void {
  // Bodies are not read: without this the connection could not be used again.
  request.resume();
  const { method, url = "/" } = request;
  const path = url.split("?", 1)[0];
  if (path !== "/metrics" && path !== "/healthz") {
    send(response, 404, "there are /metrics and /healthz\n");
  } else if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    send(response, 405, "this can only be read\n");
  } else if (path === "/metrics") {
    send(response, 200, deps.metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
  } else {
    const complaint = deps.unwell();
    send(response, complaint === undefined ? 200 : 503, `${complaint ?? "ok"}\n`);
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
