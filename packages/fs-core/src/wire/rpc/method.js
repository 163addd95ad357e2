/**
 * What one side may ask of the other: a number, a question and an answer. A service is a set of methods; both sides
 * import the same table, so that a call and its handler cannot disagree.
 */
/** The high byte of every method's id. */
export const SERVICE = { core: 0, metastore: 1, mgmtd: 2, meta: 3, storage: 4 };
export function method(definition) {
    return definition;
}
