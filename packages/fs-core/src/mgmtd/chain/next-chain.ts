/**
 * The chain state machine: what a chain becomes, given what is known of its replicas. `docs/chain-states.md` has it as a
 * table, with every difference from 3FS and its reason.
 *
 * It may believe what it is told: `offline` of a serving replica means that it does not serve any more, by its own word,
 * its supervisor's, or because its lease has run out (I5); `upToDate` is said under the chain's present version.
 */
import { type ChainVersion, chainVersion, type TargetId } from "../../ids.ts";
import {
  type Chain,
  type ChainTarget,
  type LocalState,
  TARGET_STATES,
  type TargetState,
} from "../model/chain.ts";

/** What is known of a replica of the chain. */
export type Observe = (target: TargetId) => LocalState;

/** The same object if nothing changes, else one with the next version. */
export function nextChain(chain: Chain, observe: Observe): Chain {
  const members: readonly Member[] = inOrderOfState(chain.targets).map((member) => ({
    ...member,
    local: observe(member.target),
  }));
  const someServe = members.some(({ state }) => state === "serving");
  const serves = (member: Member): boolean => servesNext(member, someServe);
  const served = members.some(serves);
  const synced = served ? syncsNext(members, serves) : undefined;
  const targets = members.map((member) => ({
    target: member.target,
    state: serves(member) ? "serving" : outOfService(member, { someServe, served, turn: member === synced }),
  }));
  return withTargets(chain, inOrderOfState(targets));
}

/** The chain with these targets and, if they are others, the next version. */
export function withTargets(chain: Chain, targets: readonly ChainTarget[]): Chain {
  if (sameTargets(chain.targets, targets)) return chain;
  return { ...chain, version: nextVersion(chain), targets };
}

/** Alive with its data. */
export function isWhole(local: LocalState): boolean {
  return local === "upToDate" || local === "online";
}

interface Member extends ChainTarget {
  readonly local: LocalState;
}

/** Who serves stays so while it can; else those who could have: last servers, and who has just caught up. */
function servesNext({ state, local }: Member, someServe: boolean): boolean {
  switch (state) {
    case "serving":
      return isWhole(local);
    case "lastServer":
      return isWhole(local) && !someServe;
    case "syncing":
      return local === "upToDate";
    case "waiting":
    case "offline":
      return false;
  }
}

/** Whose turn it is to be brought up to date: who is at it, else the first that can begin. One at a time. */
function syncsNext(members: readonly Member[], serves: (member: Member) => boolean): Member | undefined {
  const behind = members.filter((member) => member.local !== "offline" && !serves(member));
  return (
    behind.find(({ state }) => state === "syncing") ??
    behind.find(({ state, local }) => (state === "waiting" || state === "offline") && local !== "upToDate")
  );
}

function outOfService(
  { state, local }: Member,
  chain: { readonly someServe: boolean; readonly served: boolean; readonly turn: boolean },
): TargetState {
  switch (state) {
    case "serving":
      return chain.served ? "offline" : "lastServer";
    case "lastServer":
      // Somebody serves and writes go on without it: it has to see itself out of the chain before it syncs.
      return chain.served || chain.someServe ? "offline" : "lastServer";
    case "syncing":
    case "waiting":
    case "offline":
      if (local === "offline") return "offline";
      return chain.turn ? "syncing" : "waiting";
  }
}

/** Stable: who was first among its like stays so, and who has just caught up goes behind those who served. */
function inOrderOfState(targets: readonly ChainTarget[]): readonly ChainTarget[] {
  const rank = ({ state }: ChainTarget): number => TARGET_STATES.indexOf(state);
  return targets.toSorted((a, b) => rank(a) - rank(b));
}

function sameTargets(a: readonly ChainTarget[], b: readonly ChainTarget[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ target, state }, at) => target === b[at]!.target && state === b[at]!.state)
  );
}

function nextVersion(chain: Chain): ChainVersion {
  return chainVersion(chain.version + 1);
}
