/** On its way to the client a piece costs as much as so many bytes. */
const smallBytes = 1024;

/** Parts of some bytes, in order, as pieces of a body: views of them, or, of small ones one behind the other, a copy of all. */
export class Pieces {
  readonly #bytes: Uint8Array;
  readonly #body: Uint8Array[];
  /** The last part that was added. */
  #start = 0;
  #end = 0;
  /** It and those before it that it was put together with. */
  #joined: Uint8Array | undefined;
  #joinedBytes = 0;

  constructor(bytes: Uint8Array, body: Uint8Array[]) {
    this.#bytes = bytes;
    this.#body = body;
  }

  add(start: number, end: number): void {
    const isSecond = this.#end > this.#start;
    if (isSecond && end - start <= smallBytes && this.#end - this.#start <= smallBytes) this.#join(start, end);
    else this.flush();
    this.#start = start;
    this.#end = end;
  }

  /** Nothing more is put behind what was added so far. */
  flush(): void {
    if (this.#joined) this.#body.push(this.#joined.subarray(0, this.#joinedBytes));
    else if (this.#end > this.#start) this.#body.push(this.#bytes.subarray(this.#start, this.#end));
    this.#joined = undefined;
    this.#joinedBytes = 0;
    this.#end = this.#start;
  }

  #join(start: number, end: number): void {
    if (!this.#joined) {
      this.#joined = new Uint8Array(this.#bytes.length - this.#start);
      this.#copy(this.#start, this.#end);
    }
    this.#copy(start, end);
  }

  #copy(start: number, end: number): void {
    const [from, to] = [this.#bytes, this.#joined as Uint8Array];
    let at = this.#joinedBytes;
    for (let i = start; i < end; i++) to[at++] = from[i] as number;
    this.#joinedBytes = at;
  }
}
