/** Prints which implementation this process takes, and its checksums. */
import { newCrc32c } from "@smallpond/fs-native";
import { sumsOf } from "./crc32c-sums.ts";

const crc = newCrc32c();
console.log(JSON.stringify([crc.implementation, ...sumsOf(crc)]));
