// Colour for terminals. Owns when there is colour; knows no words of the domain.
import { styleText } from 'node:util';
import type { Output } from './ports.ts';

/** The few looks in use. */
export type Look = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

/** Gives a text its look, or the text as it is where there is no colour. */
export type Style = (look: Look, text: string) => string;

/** Text without looks, for pipes. */
export const plainStyle: Style = (_look, text) => text;

/**
 * The style for a stream: FORCE_COLOR turns colour on, NO_COLOR (no-color.org) turns it off, else it is on for a terminal
 * that is not 'dumb'.
 */
export function styleFor(output: Output, environment: NodeJS.ProcessEnv): Style {
  const { FORCE_COLOR, NO_COLOR, TERM } = environment;
  const isForced = FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0';
  const isRefused = (NO_COLOR !== undefined && NO_COLOR !== '') || FORCE_COLOR === '0' || TERM === 'dumb';
  if (!isForced && (isRefused || output.isTTY !== true)) return plainStyle;
  return (look, text) => styleText(look, text, { validateStream: false });
}
