const nothing = Buffer.alloc(0);

/**
 * Bytes that wait for those behind them. They are copied: a piece of its own for each would cost more than what is in it. A class,
 * since one lives for each open stream.
 */
export class HeldBytes {
  #bytes = nothing;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** All of them, in one piece. What is added later does not change them. */
  all(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#bytes = nothing;
    this.#length = 0;
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#bytes.length));
    larger.set(this.all());
    this.#bytes = larger;
  }
}
