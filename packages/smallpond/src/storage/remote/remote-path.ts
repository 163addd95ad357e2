/** `3fs://host:port[,host:port…]/path`: which cluster, by the addresses of its managers, and where in it. */
import { PondError } from "@smallpond/base";

export interface RemotePath {
  /** `host:port,…`; empty where the variable `POND_URL` says it. */
  readonly cluster: string;
  /** Absolute, without a slash at its end, except for the root. */
  readonly path: string;
}

const SCHEME = "3fs://";

export function isRemote(path: string): boolean {
  return path.startsWith(SCHEME);
}

export function parseRemote(url: string): RemotePath {
  const slash = url.indexOf("/", SCHEME.length);
  const cluster = url.slice(SCHEME.length, slash === -1 ? undefined : slash);
  const path = slash === -1 ? "/" : url.slice(slash).replace(/(?<=.)\/+$/, "");
  if (!isRemote(url) || /[\s@]/.test(cluster)) {
    throw new PondError("BAD_URL", {
      kind: "invalid",
      message: `not the address of a file in a cluster: ${url.replace(/\/\/[^/]*@/, "//…@")}`,
      hint: "write 3fs://host:port/path; tokens belong into POND_TOKEN or the profile that `pond cluster up` writes",
    });
  }
  return { cluster, path };
}

export function formatRemote({ cluster, path }: RemotePath): string {
  return `${SCHEME}${cluster}${path === "/" ? "" : path}`;
}
