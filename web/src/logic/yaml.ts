/** Plain values written as YAML, for eyes and for the import. Reading is left to the API, which also says what is wrong. Pure. */

const PLAIN = /^[A-Za-z\u4e00-\u9fff][\w\u4e00-\u9fff ./-]*$/
const TAKEN = /^(?:true|false|null|yes|no|on|off|y|n)$/i

function scalar(value: unknown): string {
  if (typeof value === 'string') return PLAIN.test(value) && !TAKEN.test(value) && value.trim() === value ? value : JSON.stringify(value)
  return value === undefined ? 'null' : JSON.stringify(value)
}

const isPlain = (value: unknown): boolean => value === null || typeof value !== 'object'
const isEmpty = (value: unknown): boolean => value !== null && typeof value === 'object' && Object.keys(value).length === 0

function lines(value: unknown, indent: string): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const inner = lines(item, `${indent}  `)
      return isPlain(item) ? [`${indent}- ${scalar(item)}`] : [`${indent}- ${inner[0]?.trimStart() ?? ''}`, ...inner.slice(1)]
    })
  }
  return Object.entries(value as Record<string, unknown>).flatMap(([key, item]) => {
    if (isPlain(item)) return [`${indent}${key}: ${scalar(item)}`]
    if (isEmpty(item)) return [`${indent}${key}: ${Array.isArray(item) ? '[]' : '{}'}`]
    if (Array.isArray(item) && item.every(isPlain)) return [`${indent}${key}: [${item.map(scalar).join(', ')}]`]
    return [`${indent}${key}:`, ...lines(item, `${indent}  `)]
  })
}

/** The value as YAML; what is null or empty is left out at the first level, since that is what leaving it out means. */
export function toYaml(value: Record<string, unknown> | readonly unknown[]): string {
  return `${lines(value, '').join('\n')}\n`
}
