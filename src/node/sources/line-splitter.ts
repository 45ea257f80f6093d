// Chunks of bytes to lines. Owns the bound on a line; knows nothing of what lines hold.

/** Longest line in bytes; a longer one is left out. */
export const lineBytesMax = 1024 * 1024;

/** A line without its end, or that one was too long. */
export type Line = string | { tooLong: true };

/** Cuts a stream of bytes at line feeds; a carriage return before one is not part of the line. Text is UTF-8. */
export class LineSplitter {
  private parts: Buffer[] = [];
  private bytes = 0;
  private isTooLong = false;

  /** The lines that `chunk` completes. */
  *push(chunk: Uint8Array): Generator<Line> {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let end = buffer.indexOf(10); end >= 0; end = buffer.indexOf(10, from)) {
      this.keep(buffer.subarray(from, end));
      from = end + 1;
      yield this.take();
    }
    this.keep(buffer.subarray(from));
  }

  /** What stands behind the last line feed; undefined where there is nothing. */
  rest(): Line | undefined {
    return this.bytes === 0 && !this.isTooLong ? undefined : this.take();
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    this.bytes += part.length;
    if (this.bytes > lineBytesMax) {
      this.isTooLong = true;
      this.parts = [];
      this.bytes = 0;
      // A copy, since a part would keep the whole chunk that it is of.
    } else if (!this.isTooLong) this.parts.push(Buffer.from(part));
  }

  private take(): Line {
    const line: Line = this.isTooLong
      ? { tooLong: true }
      : Buffer.concat(this.parts).toString('utf8').replace(/\r$/, '');
    this.parts = [];
    this.bytes = 0;
    this.isTooLong = false;
    return line;
  }
}
