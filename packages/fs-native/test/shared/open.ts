/** Opens the shared memory at a path, and says what came of it. */
import { formatError } from "@smallpond/base";
import { openSharedMemory } from "@smallpond/fs-native";

try {
  using _memory = await openSharedMemory(process.argv[2]!);
  console.log("opened");
} catch (error) {
  console.log((error as { code?: string }).code);
  console.log(formatError(error));
}
