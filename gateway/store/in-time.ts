import { StoreUnavailable } from "./store.ts";

/** Rejects with {@link StoreUnavailable} when there is no answer in time. An answer that comes later is nobody's. */
export async function inTime<Value>(limitMs: number, answer: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const silence = () => reject(new StoreUnavailable(`The store gave no answer in ${limitMs / 1000} s.`));
  const timer = setTimeout(silence, limitMs);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
