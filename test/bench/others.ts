import { cpuUs, machineCpuUs, processTree } from "./proc.ts";

/** Watches what the rest of the machine does; the function it returns tells how many cores others have used on average since. */
export function watchOthers(): () => number {
  const take = () => ({ at: performance.now(), machine: machineCpuUs(), own: cpuUs(processTree(process.pid)) });
  const begin = take();
  return () => {
    const end = take();
    const othersUs = end.machine - begin.machine - (end.own - begin.own);
    return Math.max(0, othersUs / 1000 / (end.at - begin.at));
  };
}
