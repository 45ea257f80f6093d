// A problem of a configuration file, and many of them as one error. Knows neither schema nor file format.
import { OperatorError } from '../errors.ts';

/** One problem: the path it is reported at, and the sentence after the place in the file. */
export interface Problem {
  path: (string | number)[];
  message: string;
}

/** A problem with where the operator finds it: 'plant.yaml:7', or the flag that brought it (line 0). */
export interface PlacedProblem {
  place: string;
  line: number;
  message: string;
}

const problemsMax = 10;

/** One error with a line for each problem, by line of the file, and how many more there are than ten. */
export function problemsError(problems: readonly PlacedProblem[]): OperatorError {
  const lines = problems.toSorted((a, b) => a.line - b.line).map(({ place, message }) => `${place}: ${message}`);
  const more = lines.length - problemsMax;
  return new OperatorError([...lines.slice(0, problemsMax), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}
