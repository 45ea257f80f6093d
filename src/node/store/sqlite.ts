// The one door to SQLite as it comes with Node. Owns the silence about its being experimental, and nothing else.

/**
 * Node's own SQLite. Before Node 24 the first use prints "SQLite is an experimental feature": what is used here has not
 * changed since Node 22.13, so an operator has nothing to mend and is not told. Every other warning passes.
 */
export function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process;
  const filtered = (...warning: unknown[]) => {
    if (!String(warning[0]).startsWith('SQLite is an experimental feature'))
      Reflect.apply(emitWarning, process, warning);
  };
  process.emitWarning = filtered as typeof emitWarning;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
