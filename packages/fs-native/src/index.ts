export { type Crc32c, JAVASCRIPT_CRC32C, newCrc32c } from "./crc32c/crc32c.ts";
