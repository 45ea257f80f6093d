// Units in the names of columns.

/** 'pressure [bar]' and 'pressure (bar)' in name and unit; a name without brackets at its end has no unit. */
export function splitUnit(header: string): { name: string; unit: string | undefined } {
  const found = /^(.*\S)\s*(?:\[([^[\]]+)\]|\(([^()]+)\))$/.exec(header.trim());
  const unit = (found?.[2] ?? found?.[3])?.trim();
  return found === null || unit === '' ? { name: header.trim(), unit: undefined } : { name: found[1]!, unit };
}
