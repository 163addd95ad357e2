/** Certificates for tests, made by the openssl command. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsIdentity } from "../../src/platform/tls-net.ts";

export interface TestCertificates {
  readonly authorityPem: string;
  /** For `localhost` and 127.0.0.1. */
  readonly service: TlsIdentity;
  readonly client: TlsIdentity;
  /** Of an authority of its own. */
  readonly stranger: TlsIdentity;
  /** Yesterday's. */
  readonly expired: TlsIdentity;
}

/** Why there are none here, in brackets; undefined when there can be. */
export function missingOpenssl(): string | undefined {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return " (no openssl command)";
  }
}

export function makeCertificates(): TestCertificates {
  const directory = mkdtempSync(join(tmpdir(), "pond-tls-"));
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
  const read = (name: string): string => readFileSync(join(directory, name), "utf8");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const identity = (
    name: string,
    signer: readonly string[],
    days: readonly string[] = ["-days", "2"],
  ): TlsIdentity => {
    openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-out",
      `${name}.pem`,
      "-extfile",
      "names",
      ...signer,
      ...days,
    );
    return { certificatePem: read(`${name}.pem`), keyPem: read(`${name}.key`) };
  };
  try {
    writeFileSync(join(directory, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-subj",
      "/CN=tests",
      "-days",
      "2",
    );
    const byAuthority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    return {
      authorityPem: read("ca.pem"),
      service: identity("service", byAuthority),
      client: identity("client", byAuthority),
      stranger: identity("stranger", ["-signkey", "stranger.key"]),
      expired: identity("expired", byAuthority, ["-days", "-1"]),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
