/** Files with secrets that a configuration names. */
import { randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { PondError } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import { formatToken, newToken } from "@smallpond/fs-core";
import { writePrivateFile } from "@smallpond/fs-core/platform";

const OTHERS = 0o077;

/** @throws BAD_SECRET */
export async function readSecret(path: string): Promise<string> {
  const text = await readPrivate(path);
  if (text === undefined) {
    throw bad(
      path,
      "is not there",
      `make it once and copy it to all machines: echo ${randomBytes(32).toString("hex")} > ${path} && chmod 600 ${path}`,
    );
  }
  if (!/^([0-9a-f]{2}){16,}$/i.test(text)) {
    throw bad(path, "is not hexadecimal of 16 bytes or more", "make it with: openssl rand -hex 32");
  }
  return text.toLowerCase();
}

/** Made if there is none: root's token is good once the cluster has been put together. */
export async function rootToken(path: string): Promise<string> {
  const known = await readPrivate(path);
  if (known !== undefined) return known;
  const token = formatToken(newToken(new NodeRandom(), { uid: 0, tokenId: 1n }));
  await writePrivateFile(path, `${token}\n`);
  return token;
}

async function readPrivate(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, "utf8");
    if (((await stat(path)).mode & OTHERS) !== 0) {
      throw bad(path, "may be read by others", `chmod 600 ${path}`);
    }
    return text.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function bad(path: string, reason: string, hint: string): PondError<"BAD_SECRET"> {
  return new PondError("BAD_SECRET", { kind: "invalid", message: `${path} ${reason}`, hint });
}
