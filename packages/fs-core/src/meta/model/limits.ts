/** POSIX's limits, and ours. */
export const META_LIMITS: {
  /** Bytes of UTF-8. */
  readonly nameBytesMax: number;
  /** With the closing NUL that C needs: 4,096 bytes and one more is `ENAMETOOLONG`. */
  readonly pathBytesMax: number;
  readonly symlinksFollowedMax: number;
  readonly linksMax: number;
  /** Length of a file. */
  readonly fileBytesMax: bigint;
  readonly xattrNameBytesMax: number;
  readonly xattrValueBytesMax: number;
  /** Names and values of all attributes of an inode. */
  readonly xattrBytesMax: number;
  readonly chunkBytesMin: number;
  readonly chunkBytesMax: number;
  readonly stripeMax: number;
} = {
  nameBytesMax: 255,
  pathBytesMax: 4096,
  symlinksFollowedMax: 40,
  linksMax: 65_000,
  fileBytesMax: 2n ** 50n,
  xattrNameBytesMax: 255,
  xattrValueBytesMax: 64 * 1024,
  xattrBytesMax: 256 * 1024,
  chunkBytesMin: 64 * 1024,
  chunkBytesMax: 64 * 2 ** 20,
  stripeMax: 1024,
};
