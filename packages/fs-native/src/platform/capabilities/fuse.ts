import { access, constants } from "node:fs/promises";
import { type Capability, off, on } from "../../capability.ts";

const DEVICE = "/dev/fuse";
const HELPERS = ["/usr/bin/fusermount3", "/bin/fusermount3", "/usr/local/bin/fusermount3"];

export async function fuseCapability(): Promise<Capability> {
  if (!(await allows(DEVICE, constants.R_OK | constants.W_OK))) {
    return off(
      "fuse",
      `${DEVICE} is missing or closed to this user`,
      "modprobe fuse (in containers: --device /dev/fuse)",
    );
  }
  if (process.getuid?.() === 0) return on("fuse", `${DEVICE}, mounted by mount(2)`);
  for (const path of HELPERS) {
    if (await allows(path, constants.X_OK)) return on("fuse", `${DEVICE}, mounted by ${path}`);
  }
  return off("fuse", "only root can mount without fusermount3", "apt-get install fuse3");
}

async function allows(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}
