/** A master, a chunk server for each replica on ports of their own, and a mount that caches nothing. */
import { mkdir, writeFile } from "node:fs/promises";
import type { Mounted, Peer, PeerPlace } from "./peer.ts";
import { eventually, run } from "./run.ts";

/** Of the master; chunk servers come behind, and another cluster with other replicas behind those. */
const PORT = 29_420;
const PORTS_EACH = 10;

export const MOOSEFS: Peer = {
  name: "moosefs",
  packages: [
    { name: "moosefs-master", program: "mfsmaster" },
    { name: "moosefs-chunkserver", program: "mfschunkserver" },
    { name: "moosefs-client", program: "mfsmount" },
  ],
  async start({ directory, replicas, address }: PeerPlace): Promise<Mounted> {
    const port = PORT + PORTS_EACH * replicas;
    const master = `${directory}/master`;
    const mount = `${directory}/mount`;
    await mkdir(master, { recursive: true });
    await mkdir(mount);
    await writeFile(`${master}/metadata.mfs`, "MFSM NEW");
    await writeFile(`${master}/exports.cfg`, "* / rw,alldirs,admin,maproot=0:0\n");
    const common = { WORKING_USER: "root", WORKING_GROUP: "root" };
    await writeConfiguration(`${master}/mfsmaster.cfg`, {
      ...common,
      DATA_PATH: master,
      EXPORTS_FILENAME: `${master}/exports.cfg`,
      MATOML_LISTEN_HOST: address,
      MATOML_LISTEN_PORT: port,
      MATOCS_LISTEN_HOST: address,
      MATOCS_LISTEN_PORT: port + 1,
      MATOCL_LISTEN_HOST: address,
      MATOCL_LISTEN_PORT: port + 2,
    });
    const stops = [() => run("mfsmaster", "-c", `${master}/mfsmaster.cfg`, "stop")];
    await run("mfsmaster", "-c", `${master}/mfsmaster.cfg`, "start");
    for (let number = 1; number <= replicas; number++) {
      const own = `${directory}/chunks${number}`;
      await mkdir(`${own}/disk`, { recursive: true });
      await writeFile(`${own}/disks.cfg`, `${own}/disk\n`);
      await writeConfiguration(`${own}/mfschunkserver.cfg`, {
        ...common,
        DATA_PATH: own,
        HDD_CONF_FILENAME: `${own}/disks.cfg`,
        MASTER_HOST: address,
        MASTER_PORT: port + 1,
        CSSERV_LISTEN_HOST: address,
        CSSERV_LISTEN_PORT: port + 2 + number,
        // What is written is durable when it is counted, as on our side.
        HDD_FSYNC_BEFORE_CLOSE: 1,
      });
      await run("mfschunkserver", "-c", `${own}/mfschunkserver.cfg`, "start");
      stops.push(() => run("mfschunkserver", "-c", `${own}/mfschunkserver.cfg`, "stop"));
    }
    await eventually(() =>
      run("mfsmount", mount, "-H", address, "-P", `${port + 2}`, "-o", "mfscachemode=NEVER"),
    );
    stops.push(() => run("umount", mount));
    await run("mfssetgoal", "-r", `${replicas}`, mount);
    const stop = async (): Promise<void> => {
      for (const each of stops.reverse()) await each();
    };
    return { mount, stop };
  },
};

async function writeConfiguration(
  path: string,
  values: Readonly<Record<string, string | number>>,
): Promise<void> {
  const lines = Object.entries(values).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(path, lines.join(""));
}
