/** What a form is made of. */

export type Value = string | number | boolean | string[] | null
export type Values = Record<string, Value>

export interface Field {
  name: string
  label: string
  type: 'input' | 'text' | 'password' | 'tel' | 'date' | 'number' | 'select' | 'many' | 'switch'
  options?: { value: string | number; label: string }[]
  required?: boolean
  hint?: string
  most?: number
  fixed?: boolean
}

/** Values as the API wants them: empty text is null, or left out when it is in `leave` (a password not to change). */
export function toBody(values: Values, leave: readonly string[] = []): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    const trimmed = typeof value === 'string' ? value.trim() : value
    if (trimmed === '' || trimmed === undefined) {
      if (!leave.includes(name)) body[name] = null
    } else body[name] = trimmed
  }
  return body
}
