// Whether two spellings mean one unit. Owns the spellings; converts nothing.

/** Spellings met in headers and on servers, to the one that stands for all. */
const spellings: Readonly<Record<string, string>> = {
  degC: '°C',
  'deg C': '°C',
  '° C': '°C',
  '℃': '°C',
  Celsius: '°C',
  degF: '°F',
  'deg F': '°F',
  '° F': '°F',
  '℉': '°F',
  percent: '%',
  Ohm: 'Ω',
  ohm: 'Ω',
};

/** True where both are one unit: blanks around do not count, upper and lower case does (mW is no MW). */
export function isSameUnit(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

function plain(unit: string): string {
  // The micro sign and the Greek letter are two characters, and so are the Ohm sign and omega.
  const trimmed = unit.trim().replaceAll('\u00b5', '\u03bc').replaceAll('\u2126', '\u03a9');
  return Object.hasOwn(spellings, trimmed) ? spellings[trimmed]! : trimmed;
}
