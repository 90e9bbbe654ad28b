/** What the installer's screens share: the home at hand, and the credentials shown this once. */

import { ref, shallowRef } from 'vue'

import { api } from '@/api/client'
import type { Home, NewDevice } from '@/api/types'

const home = shallowRef<Home | null>(null)
/** The device just made, with its password: kept in memory only, gone with the page. */
const fresh = shallowRef<NewDevice | null>(null)
const problem = ref<string | null>(null)
/** The fault this person has just closed, for as long as it can be taken back. */
const closedFault = shallowRef<{ id: number; reason: string; until: number } | null>(null)

export function useInstallation() {
  async function load(code: string | null): Promise<void> {
    if (code === null) {
      home.value = null
      return
    }
    try {
      home.value = await api.get<Home>(`/homes/${encodeURIComponent(code)}`)
      problem.value = null
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    }
  }
  return { home, fresh, problem, closedFault, load }
}
