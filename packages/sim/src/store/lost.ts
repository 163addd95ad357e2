/** Stands for an answer that did not come. */
export const LOST: unique symbol = Symbol("no answer");
