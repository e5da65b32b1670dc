import { setImmediate } from "node:timers/promises";

/** So much of a body is looked through, and then it is everybody else's turn: of the smallest events it takes some milliseconds. */
const sliceBytes = 64 * 1024;

type Read = () => Promise<{ done: boolean; value?: Uint8Array }>;

/** Reads the same bytes, no more than `sliceBytes` at once, with a turn of the event loop between two slices of what came at once. */
export function inSlices(read: Read): Read {
  let rest: Uint8Array | undefined;
  return async () => {
    if (rest) await setImmediate();
    else {
      const next = await read();
      if (!next.value || next.value.length <= sliceBytes) return next;
      rest = next.value;
    }
    const value = rest.subarray(0, sliceBytes);
    rest = rest.length > sliceBytes ? rest.subarray(sliceBytes) : undefined;
    return { done: false, value };
  };
}
