/** Where an argument points: into a cluster, or to this machine. */
import { PondError } from "@smallpond/base";

export type Place =
  | { readonly kind: "cluster"; readonly cluster: string; readonly path: string }
  | { readonly kind: "local"; readonly path: string };

const URL_PATTERN = /^3fs:\/\/([^/\s]*)(\/.*)?$/;

/** `3fs://host:port/path`, or `3fs:///path` of the cluster that POND_URL names. Anything else is a local path. */
export function placeOf(text: string): Place {
  if (!text.startsWith("3fs:")) return { kind: "local", path: text };
  const [, given, path = "/"] = URL_PATTERN.exec(text) ?? [];
  if (given === undefined) throw badPlace(text, "it is written 3fs://host:port/path");
  return { kind: "cluster", cluster: given === "" ? byVariable(text) : given, path: tidy(path) };
}

/** For commands that are about clusters only: a plain path is one of the cluster that POND_URL names. */
export function clusterPlaceOf(text: string): Extract<Place, { kind: "cluster" }> {
  const place = placeOf(text);
  if (place.kind === "cluster") return place;
  if (!text.startsWith("/")) throw badPlace(text, "paths in a cluster are absolute");
  return { kind: "cluster", cluster: byVariable(text), path: tidy(text) };
}

/** As people type it. */
export function placeText(place: Place): string {
  return place.kind === "local" ? place.path : `3fs://${place.cluster}${place.path}`;
}

export function joined(place: Place, name: string): Place {
  return { ...place, path: place.path.endsWith("/") ? `${place.path}${name}` : `${place.path}/${name}` };
}

export function nameOf({ path }: Place): string {
  return path.replace(/\/+$/, "").replace(/^.*\//, "");
}

function byVariable(text: string): string {
  const [, cluster] = URL_PATTERN.exec(process.env.POND_URL ?? "") ?? [];
  if (cluster) return cluster;
  throw badPlace(text, "it names no cluster: write 3fs://host:port/path, or set POND_URL=3fs://host:port");
}

function tidy(path: string): string {
  return path.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");
}

function badPlace(text: string, why: string): PondError {
  return new PondError("BAD_USAGE", { kind: "invalid", message: `${text}: ${why}` });
}
