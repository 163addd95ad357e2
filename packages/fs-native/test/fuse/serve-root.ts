/** A file system of one empty directory, in as much of the kernel's protocol as `stat` needs. */
import type { BufferPool, FuseDevice } from "@smallpond/fs-native";

const OPCODE = { getattr: 3, init: 26, forget: 2, batchForget: 42, interrupt: 36 } as const;
const ENOSYS = -38;
const DIRECTORY = 0o40755;

export async function serveRoot(device: FuseDevice, pool: BufferPool): Promise<readonly number[]> {
  const opcodes: number[] = [];
  await device.serve(pool, ({ view }) => {
    const request = new DataView(view.buffer, view.byteOffset, view.byteLength);
    const opcode = request.getUint32(4, true);
    opcodes.push(opcode);
    if (opcode === OPCODE.forget || opcode === OPCODE.batchForget || opcode === OPCODE.interrupt) return;
    const body = bodyOf(opcode);
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, 16 + (body?.length ?? 0), true);
    header.setInt32(4, body === undefined ? ENOSYS : 0, true);
    header.setBigUint64(8, request.getBigUint64(8, true), true);
    device.reply([new Uint8Array(header.buffer), ...(body === undefined ? [] : [body])]);
  });
  return opcodes;
}

function bodyOf(opcode: number): Uint8Array | undefined {
  if (opcode === OPCODE.init) {
    const out = new DataView(new ArrayBuffer(64));
    out.setUint32(0, 7, true);
    out.setUint32(4, 31, true);
    out.setUint32(20, 1 << 20, true);
    return new Uint8Array(out.buffer);
  }
  if (opcode !== OPCODE.getattr) return undefined;
  const out = new DataView(new ArrayBuffer(16 + 88));
  out.setBigUint64(16, 1n, true);
  out.setUint32(16 + 60, DIRECTORY, true);
  out.setUint32(16 + 64, 2, true);
  out.setUint32(16 + 68, process.geteuid!(), true);
  return new Uint8Array(out.buffer);
}
