/** `Keep-Alive: timeout=5`, a second less: an end that crosses a request is what it is there to avoid. */
export function keptMs(keepAlive: string | undefined): number | undefined {
  if (keepAlive === undefined) return undefined;
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})/.exec(keepAlive)?.[1];
  return seconds === undefined ? undefined : (Number(seconds) - 1) * 1000;
}
