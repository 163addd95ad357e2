/** A client of a test's cluster, over real sockets. */
import type { NetAddress } from "@smallpond/base";
import { connectMeta, type MetaConnection } from "@smallpond/fs-core/platform";
import { TEST_CLUSTER, TEST_SECRET } from "./settings.ts";

export type TestClient = MetaConnection;

export function connectTestClient(
  addresses: readonly NetAddress[],
  settings: { readonly timeoutMs?: number; readonly attemptMs?: number } = {},
): TestClient {
  const secret = new Uint8Array(Buffer.from(TEST_SECRET, "hex"));
  const credentials = { kind: "member", clusterId: TEST_CLUSTER, secret } as const;
  return connectMeta({ addresses, credentials, ...settings });
}
