/** Splits bytes that arrive in any portions into lines of at most `maxLength` characters; what is longer is cut off. */
export async function readLines(
  bytes: ReadableStream<Uint8Array>,
  maxLength: number,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let line = "";
  let cut = false;
  const add = (text: string) => {
    cut ||= line.length + text.length > maxLength;
    line += text.slice(0, maxLength - line.length);
  };
  const end = () => {
    onLine(cut ? `${line}…` : line.endsWith("\r") ? line.slice(0, -1) : line);
    line = "";
    cut = false;
  };

  for await (const chunk of bytes) {
    const [first = "", ...rest] = decoder.decode(chunk, { stream: true }).split("\n");
    add(first);
    for (const text of rest) {
      end();
      add(text);
    }
  }
  add(decoder.decode());
  if (line !== "") end();
}
