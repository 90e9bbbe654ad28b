/** What changed between two versions of a rule. Pure. */

/** Paths at which two values differ, `a.b`; lists are compared as a whole. */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  const objects = [before, after].every((value) => value !== null && typeof value === 'object' && !Array.isArray(value))
  if (!objects) return JSON.stringify(before ?? null) === JSON.stringify(after ?? null) ? [] : [path]
  const [left, right] = [before as Record<string, unknown>, after as Record<string, unknown>]
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])]
  return keys.flatMap((key) => differences(left[key], right[key], path ? `${path}.${key}` : key))
}
