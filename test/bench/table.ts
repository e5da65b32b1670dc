/** Columns as wide as their widest cell; words to the left, numbers to the right. Ends with a newline. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isWord = (column: number) => rows.slice(1).every((row) => /[a-z]{2}/.test(row[column] ?? ""));
  const pad = (cell: string, i: number) => (isWord(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0));
  return `${rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n")}\n`;
}

/** A number, or `-` where there is none. */
export const known = (value: number, digits: number): string => (Number.isNaN(value) ? "-" : value.toFixed(digits));
