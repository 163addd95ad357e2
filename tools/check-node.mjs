/** Says so when Node is too old. This file, and those that import it before anything else, must parse on Node 12. */

const FLOOR = [20, 19];

export function checkNode() {
  const version = process.versions.node;
  const parts = version.split(".").map(Number);
  if (parts[0] > FLOOR[0] || (parts[0] === FLOOR[0] && parts[1] >= FLOOR[1])) return;
  console.error("This project needs Node.js " + FLOOR.join(".") + " or newer; this is " + version + ".");
  console.error(
    "  hint: install a current one from https://nodejs.org, or run `nvm install 22` if you use nvm",
  );
  process.exit(1);
}
