/**
 * Where a file system is: `3fs://host:port`, several cluster managers with commas between them, perhaps a user's token
 * before an `@`, and perhaps a path. The token is taken out at once: what is left may be shown to anybody.
 */
import { formatAddress, type NetAddress, PondError } from "@smallpond/base";

export interface ClusterUrl {
  /** Any of them leads to the whole cluster. */
  readonly managers: readonly NetAddress[];
  readonly token: string | undefined;
  /** Within the file system, `/` at least. */
  readonly path: string;
  /** `3fs://host:port,…`, without token and path. */
  readonly url: string;
}

const SCHEME = "3fs://";
const MANAGERS_MAX = 64;
const HINT = "write it as 3fs://host:port, or 3fs://host:port,host:port with several cluster managers";

export function parseClusterUrl(text: string): ClusterUrl {
  if (!text.startsWith(SCHEME)) throw badUrl("it does not begin with 3fs://");
  const rest = text.slice(SCHEME.length);
  const slash = rest.indexOf("/");
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const at = authority.lastIndexOf("@");
  const hosts = authority.slice(at + 1).split(",");
  if (hosts.length > MANAGERS_MAX) throw badUrl(`it names more than ${MANAGERS_MAX} cluster managers`);
  const managers = hosts.map(parseAddress);
  return {
    managers,
    token: at === -1 ? undefined : tokenIn(authority.slice(0, at)),
    path: slash === -1 ? "/" : rest.slice(slash),
    url: `${SCHEME}${managers.map(formatAddress).join(",")}`,
  };
}

function parseAddress(text: string): NetAddress {
  const parts = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (text === "") throw badUrl("the host is missing");
  if (host === undefined) throw badUrl(`${JSON.stringify(text)} is no host with a port`);
  if (port < 1 || port > 65_535) throw badUrl(`${port} is no port`);
  return { kind: "tcp", host, port };
}

/** `token@`, or `anything:token@`, as for other URLs. */
function tokenIn(userInfo: string): string {
  const encoded = userInfo.slice(userInfo.indexOf(":") + 1);
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw badUrl("what stands before the @ is not encoded as in URLs");
  }
}

/** Never repeats the text: there may be a token in it. */
function badUrl(reason: string): PondError {
  return new PondError("BAD_URL", {
    kind: "invalid",
    message: `this is no URL of a file system: ${reason}`,
    hint: HINT,
  });
}
