import { lockDirectory } from "../../gateway/store/lock.ts";

// Run by lock.test.ts: locks the directory its argument names until it is killed.
const [directory] = process.argv.slice(2);
if (!directory) throw new Error("usage: lock-holder.ts <directory>");
try {
  const lock = lockDirectory(directory);
  console.log("locked");
  // It never resolves; the lock stays reachable all the while.
  const forever = setInterval(() => lock, 60_000);
  process.on("exit", () => clearInterval(forever));
} catch (error) {
  console.log(`${error}`);
  process.exit(1);
}
