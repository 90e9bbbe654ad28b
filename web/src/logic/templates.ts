/** Texts of pages with places for what they are about: `{who}`. Pure. */

/** The order in which a person thinks of them: who and what first, keys and marks last. */
const ORDER = ['who', 'what', 'where', 'since', 'why', 'step', 'verdict', 'movement', 'battery', 'count', 'list', 'home', 'residents', 'number', 'minutes', 'person', 'link', 'phone', 'centre', 'accept', 'decline', 'mark']

export function orderPlaces(names: readonly string[]): string[] {
  const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return [...names].sort((left, right) => place(left) - place(right))
}

/** The names of the places in a text, in order, each once; `{{` is a brace. */
export function placesIn(text: string): string[] {
  return [...new Set([...text.replaceAll('{{', '').replaceAll('}}', '').matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? ''))]
}

/** Places that the text does not know, or must have and has not. */
export function templateProblems(body: string, title: string, allowed: readonly string[], required: readonly string[]): { unknown: string[]; missing: string[] } {
  const named = [...placesIn(title), ...placesIn(body)]
  return {
    unknown: allowed.length === 0 ? [] : [...new Set(named.filter((name) => !allowed.includes(name)))],
    missing: required.filter((name) => !placesIn(body).includes(name)),
  }
}

/** The text with a place put in where the cursor stands, and where the cursor then is. */
export function insertPlace(text: string, from: number, to: number, name: string): { text: string; at: number } {
  const place = `{${name}}`
  return { text: text.slice(0, from) + place + text.slice(to), at: from + place.length }
}
