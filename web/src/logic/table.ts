/** Sorting and filtering of tables. Pure. */

export interface Column<Row> {
  key: string
  title: string
  /** CSS width of the track: `120px`, `2fr`. */
  width: string
  /** What the cell says; also what the filter looks through. */
  text: (row: Row) => string
  /** What it is sorted by; the text when it is not given. Null sorts last. */
  by?: (row: Row) => string | number | null
  numeric?: boolean
  /** Stays where there is room for a few columns only, as on a phone. */
  small?: boolean
}

/** What is drawn in so narrow a place: the columns that say so, or the first three. */
export function columnsFor<Row>(columns: readonly Column<Row>[], width: number): Column<Row>[] {
  if (width >= 560) return [...columns]
  const small = columns.filter((column) => column.small)
  return small.length > 0 ? small : columns.slice(0, 3)
}

export interface Sorting {
  key: string
  descending: boolean
}

/** Rows in which every word of the filter stands in some cell. */
export function filterRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], filter: string): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...rows]
  return rows.filter((row) => {
    const text = columns.map((column) => column.text(row)).join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Rows in order of a column; equal rows keep their place, empty ones come last in both directions. */
export function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sorting: Sorting | null, language: string): Row[] {
  const column = columns.find((candidate) => candidate.key === sorting?.key)
  if (column === undefined || sorting === null) return [...rows]
  const value = column.by ?? column.text
  const collator = new Intl.Collator(language, { numeric: true })
  const sign = sorting.descending ? -1 : 1
  return [...rows].sort((left, right) => {
    const [a, b] = [value(left), value(right)]
    if (a === null || b === null) return Number(a === null) - Number(b === null)
    return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b)))
  })
}

/** Which rows of a long list are to be drawn. */
export function windowOf(scrollTop: number, height: number, rowHeight: number, count: number, over = 8): { first: number; last: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - over)
  const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + over)
  return { first: Math.min(first, Math.max(0, count - 1)), last }
}
