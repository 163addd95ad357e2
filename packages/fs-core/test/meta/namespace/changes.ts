import type { AttributeChanges } from "../../../src/meta/ops/setattr.ts";

/** What is changed, and all else left as it is. */
export function changes(changed: Partial<AttributeChanges>): AttributeChanges {
  return {
    mode: undefined,
    uid: undefined,
    gid: undefined,
    atime: undefined,
    mtime: undefined,
    flags: undefined,
    quota: undefined,
    ...changed,
  };
}
