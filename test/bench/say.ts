/** Progress goes to stderr, so that stdout is the report. */
export const say = (line: string): void => void process.stderr.write(`  ${line}\n`);
