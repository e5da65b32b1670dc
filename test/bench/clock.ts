/** Microseconds since the epoch, from a clock that all processes of one machine share (to about a microsecond). */
export const sharedClockUs = (): number => (performance.timeOrigin + performance.now()) * 1000;
