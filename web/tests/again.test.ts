import { describe, expect, it } from 'vitest'

import { oneAtATime } from '@/logic/again'

/** A look that reads at its beginning, as an API does, and is answered when the test says so. */
function aLook() {
  const begun: (() => void)[] = []
  const look = oneAtATime(() => new Promise<void>((resolve) => begun.push(resolve)))
  return { begun, look }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

describe('looking again', () => {
  it('follows a call that came while a look was under way by one more look', async () => {
    const { begun, look } = aLook()
    void look()
    void look()
    const last = look()
    expect(begun).toHaveLength(1)
    begun[0]?.()
    await settled()
    expect(begun).toHaveLength(2)
    begun[1]?.()
    await last
    expect(begun).toHaveLength(2)
  })

  it('looks again after a look that is over, and after one that failed', async () => {
    let times = 0
    const look = oneAtATime(() => {
      times += 1
      return times === 1 ? Promise.reject(new Error('away')) : Promise.resolve()
    })
    await expect(look()).rejects.toThrow('away')
    await look()
    await look()
    expect(times).toBe(3)
  })
})
