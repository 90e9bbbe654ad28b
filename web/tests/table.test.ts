import { describe, expect, it } from 'vitest'

import { columnsFor, filterRows, sortRows, windowOf, type Column } from '@/logic/table'

interface Row {
  name: string
  battery: number | null
}
const columns: Column<Row>[] = [
  { key: 'name', title: '', width: '1fr', text: (row) => row.name },
  { key: 'battery', title: '', width: '1fr', text: (row) => String(row.battery ?? ''), by: (row) => row.battery },
]
const rows: Row[] = [{ name: '门磁 10', battery: null }, { name: '门磁 9', battery: 80 }, { name: 'Button', battery: 7 }]

describe('tables', () => {
  it('find rows that hold every word, in any cell and case', () => {
    expect(filterRows(rows, columns, 'BUTTON 7')).toEqual([rows[2]])
    expect(filterRows(rows, columns, '  ')).toHaveLength(3)
    expect(filterRows(rows, columns, 'button 80')).toEqual([])
  })

  it('sort numbers as numbers and keep the empty last in both directions', () => {
    expect(sortRows(rows, columns, { key: 'battery', descending: false }, 'zh-CN').map((row) => row.battery)).toEqual([7, 80, null])
    expect(sortRows(rows, columns, { key: 'battery', descending: true }, 'zh-CN').map((row) => row.battery)).toEqual([80, 7, null])
    expect(sortRows(rows, columns, { key: 'name', descending: false }, 'en').map((row) => row.name)).toEqual(['Button', '门磁 9', '门磁 10'])
  })

  it('keep what matters where there is little room', () => {
    expect(columnsFor(columns, 1_000)).toHaveLength(2)
    expect(columnsFor([columns[0] as Column<Row>, { ...(columns[1] as Column<Row>), small: true }], 390).map((column) => column.key)).toEqual(['battery'])
    expect(columnsFor([...columns, ...columns], 390)).toHaveLength(3)
  })

  it('draw only what is seen of a hundred thousand rows', () => {
    const { first, last } = windowOf(2_000_000, 600, 40, 100_000)
    expect(last - first).toBeLessThan(40)
    expect(first).toBeLessThanOrEqual(50_000)
    expect(last).toBeGreaterThanOrEqual(50_015)
    expect(windowOf(0, 600, 40, 0)).toEqual({ first: 0, last: 0 })
  })
})
