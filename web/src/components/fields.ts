/** What a form is made of. */

export type Value = string | number | boolean | string[] | null
export type Values = Record<string, Value>

export interface Field {
  name: string
  label: string
  /** A `heading` has no value; a `duration` is seconds, or null. */
  type: 'input' | 'text' | 'password' | 'tel' | 'date' | 'time' | 'datetime-local' | 'number' | 'duration' | 'select' | 'many' | 'switch' | 'heading'
  options?: { value: string | number; label: string }[]
  /** Half a row wide, where there is room for two. */
  half?: boolean
  /** Words that are not among the options can be added. */
  free?: boolean
  /** Shown only while this holds. */
  when?: (values: Values) => boolean
  /** What stands behind the value. */
  unit?: string
  /** How the API calls it in a refusal, when it is not `name`. */
  at?: string
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
