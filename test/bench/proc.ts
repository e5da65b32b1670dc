import { readFileSync, readdirSync } from "node:fs";

/** CPU time that these processes, all threads, have used so far, in microseconds (proc(5), utime + stime; steps of 10 ms). */
export const cpuUs = (pids: readonly number[]): number => sum(pids, (pid) => ticks(pid) * usPerTick);

/** Resident memory of these processes in bytes (VmRSS; pages they share count once for each). */
export const residentBytes = (pids: readonly number[]): number => sum(pids, residentOf);

/** A process and all its descendants, without those that end meanwhile. */
export function processTree(root: number): number[] {
  try {
    const tasks = readdirSync(`/proc/${root}/task`);
    const children = tasks.flatMap((task) => numbers(readFileSync(`/proc/${root}/task/${task}/children`, "utf8")));
    return [root, ...children.flatMap(processTree)];
  } catch {
    return [];
  }
}

/** The cores this process may run on. */
export function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

// Linux shows user space a tick of 1/100 s whatever the kernel's own is.
const usPerTick = 10_000;

function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the command in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function residentOf(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}

const sum = (pids: readonly number[], of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0);
const numbers = (text: string) => text.split(" ").filter(Boolean).map(Number);

/** CPU time of everything on this machine so far, in microseconds. */
export function machineCpuUs(): number {
  // user, nice, system, idle, iowait, irq, softirq (proc(5), /proc/stat)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = numbers(
    /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "",
  );
  return (user + nice + system + irq + softirq) * usPerTick;
}
