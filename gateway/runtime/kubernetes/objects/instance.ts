/** The ordinal in a pod's name, `{workload}-{instance}`; undefined for a pod that is not the workload's. */
export function instanceOf(pod: string, workload: string): number | undefined {
  if (!pod.startsWith(`${workload}-`)) return undefined;
  const ordinal = pod.slice(workload.length + 1);
  return /^(0|[1-9][0-9]{0,5})$/.test(ordinal) ? Number(ordinal) : undefined;
}
