/** What the collector is to take away is nobody's data. */
import { garbageRow } from "../../rows/garbage-row.ts";
import { clearing, type Finding } from "../finding.ts";
import { idIn, type Scan, tableOf } from "../scan.ts";

export async function* garbage({ source, inodes, rows }: Scan): AsyncIterable<Finding> {
  const found: Finding[] = [];
  const broken = (finding: Finding): void => void found.push(finding);
  for await (const { key, bytes, value } of tableOf(source, "GARB", garbageRow, { rows, broken })) {
    if (value.garbage.kind !== "data") continue;
    const inode = idIn(key, 16);
    const dataVersion = new DataView(key.buffer, key.byteOffset, key.length).getUint32(24);
    const data = inodes.get(inode)?.data;
    if (data === undefined || data.inline || data.dataVersion !== dataVersion) continue;
    yield {
      code: "GARBAGE_IS_LIVE",
      severity: "broken",
      subject: `inode ${inode}`,
      detail: `its data, version ${dataVersion}, is to be collected`,
      repair: clearing({ key, value: bytes }),
    };
  }
  yield* found;
}
