// Numbers, times and lines of text as people read them in a terminal. Owns their form only.
import { stripVTControlCharacters } from 'node:util';

/** '0:07', '12:34', '1:02:03'. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const tail = String(seconds % 60).padStart(2, '0');
  if (minutes < 60) return `${minutes}:${tail}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${tail}`;
}

/** '1,234,567'. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Four significant digits without trailing zeros, such as '0.01234' or '1.2e-7'; '–' for null. */
export function valueText(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(4)));
}

/** Text from outside on one line and without control characters, so that it cannot steer the terminal. */
export function safeText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\s\p{Cc}]+/gu, ' ');
}

/** Breaks a text at spaces into lines of at most `width` characters; a longer word stands alone. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A bar of `width` cells of which the share `fraction`, in [0, 1], is filled. */
export function barText(fraction: number, width: number): { filled: string; empty: string } {
  const cells = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return { filled: '━'.repeat(cells), empty: '─'.repeat(width - cells) };
}
