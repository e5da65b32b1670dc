/** How many turns of the event loop others get while something is done. */
export async function turnsDuring<Result>(work: () => Promise<Result>): Promise<{ result: Result; turns: number }> {
  let turns = 0;
  let immediate = setImmediate(count);
  try {
    const result = await work();
    return { result, turns };
  } finally {
    clearImmediate(immediate);
  }

  function count(): void {
    turns++;
    immediate = setImmediate(count);
  }
}
