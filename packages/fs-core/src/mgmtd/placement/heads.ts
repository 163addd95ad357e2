/** The order of nodes within groups: writes enter at the head, so every node is the head of about as many groups. */

/** Groups with the same nodes, in an order in which heads, and then tails, are spread. */
export function orderGroups(
  groups: readonly (readonly number[])[],
  nodes: number,
): readonly (readonly number[])[] {
  const heads = chooseHeads(groups, nodes);
  const tails = new Uint32Array(nodes);
  return groups.map((group, index) => {
    const head = heads[index]!;
    const rest = group.filter((node) => node !== head).sort((a, b) => tails[b]! - tails[a]! || a - b);
    const tail = rest.at(-1);
    if (tail !== undefined) tails[tail]! += 1;
    return [head, ...rest];
  });
}

/** Whoever leads least leads; then those who lead most pass it on along a path to those who lead least. */
function chooseHeads(groups: readonly (readonly number[])[], nodes: number): readonly number[] {
  const led: number[][] = Array.from({ length: nodes }, () => []);
  const heads = groups.map((group, index) => {
    const head = group.reduce((best, node) => (led[node]!.length < led[best]!.length ? node : best));
    led[head]!.push(index);
    return head;
  });
  const bound = Math.ceil(groups.length / nodes);
  for (let node = 0; node < nodes; node++) {
    while (led[node]!.length > bound && passOn(node, { groups, heads, led, bound })) {
      // One less each time.
    }
  }
  return heads;
}

/** A path of groups from a node that leads too many to one that leads fewer than the bound, breadth first. */
function passOn(
  from: number,
  about: {
    readonly groups: readonly (readonly number[])[];
    readonly heads: number[];
    readonly led: number[][];
    readonly bound: number;
  },
): boolean {
  const { groups, heads, led, bound } = about;
  const cameBy = new Map<number, { readonly node: number; readonly group: number } | undefined>([
    [from, undefined],
  ]);
  const queue = [from];
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at]!;
    if (led[node]!.length < bound) {
      for (let to = node, step = cameBy.get(to); step !== undefined; to = step.node, step = cameBy.get(to)) {
        led[step.node]!.splice(led[step.node]!.indexOf(step.group), 1);
        led[to]!.push(step.group);
        heads[step.group] = to;
      }
      return true;
    }
    for (const group of led[node]!) {
      for (const other of groups[group]!) {
        if (cameBy.has(other)) continue;
        cameBy.set(other, { node, group });
        queue.push(other);
      }
    }
  }
  return false;
}
