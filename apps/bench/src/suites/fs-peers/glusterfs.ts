/** One daemon, a brick for each replica, and a mount that caches nothing. The daemon's socket has one place a machine. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { Mounted, Peer, PeerPlace } from "./peer.ts";
import { eventually, run } from "./run.ts";

const VOLUME = "pond-bench";

export const GLUSTERFS: Peer = {
  name: "glusterfs",
  packages: [{ name: "glusterfs-server", program: "glusterd" }],
  async start({ directory, replicas, address }: PeerPlace): Promise<Mounted> {
    const mount = `${directory}/mount`;
    const bricks = Array.from({ length: replicas }, (_, at) => `${directory}/brick${at}`);
    for (const each of [mount, `${directory}/state`, `${directory}/run`, ...bricks]) {
      await mkdir(each, { recursive: true });
    }
    await writeFile(
      `${directory}/glusterd.vol`,
      [
        "volume management",
        "  type mgmt/glusterd",
        `  option working-directory ${directory}/state`,
        `  option run-directory ${directory}/run`,
        "  option transport-type socket",
        `  option transport.socket.bind-address ${address}`,
        "end-volume\n",
      ].join("\n"),
    );
    const pid = `${directory}/glusterd.pid`;
    await run("glusterd", "-f", `${directory}/glusterd.vol`, "-l", `${directory}/glusterd.log`, "-p", pid);
    const gluster = (...args: readonly string[]): Promise<string> =>
      run("gluster", "--mode=script", `--log-file=${directory}/cli.log`, "volume", ...args);
    const copies = replicas === 1 ? [] : ["replica", `${replicas}`];
    const at = bricks.map((brick) => `${address}:${brick}`);
    await eventually(() => gluster("create", VOLUME, ...copies, ...at, "force"));
    await gluster("start", VOLUME);
    const client = ["-s", address, "--volfile-id", VOLUME, "-l", `${directory}/client.log`];
    await run("glusterfs", ...client, "--direct-io-mode=enable", mount);
    const stop = async (): Promise<void> => {
      await run("umount", mount);
      await gluster("stop", VOLUME, "force");
      process.kill(Number(await readFile(pid, "utf8")));
    };
    // The client's process goes on while it still looks for its bricks.
    await eventually(async () => {
      if (!(await readFile("/proc/mounts", "utf8")).includes(` ${mount} `))
        throw new Error("it is not mounted");
      await writeFile(`${mount}/ready`, "");
    });
    return { mount, stop };
  },
};
