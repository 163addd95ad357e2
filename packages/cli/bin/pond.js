#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (!existsSync(main)) {
  console.error("pond is not built yet");
  console.error("  hint: run `npm start` or `npm run build` in the repository first");
  process.exit(1);
}
const { pond } = await import(main.href);
await pond(process.argv.slice(2));
