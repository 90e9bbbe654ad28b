/** Every rule in force, with the codes of stored ones that cannot be used and the scripts there are. */

import { onMounted, ref, shallowRef } from 'vue'

import { api } from '@/api/client'
import type { RuleItem } from '@/pages/supervisor/rules/types'

export function useRules() {
  const items = shallowRef<RuleItem[]>([])
  const broken = shallowRef<string[]>([])
  const playbooks = shallowRef<string[]>([])
  const loading = ref(true)
  const problem = ref<string | null>(null)

  async function load(): Promise<void> {
    loading.value = true
    try {
      const found = await api.get<{ items: RuleItem[]; broken: string[]; playbooks: string[] }>('/rules')
      items.value = found.items
      broken.value = found.broken
      playbooks.value = found.playbooks
      problem.value = null
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    } finally {
      loading.value = false
    }
  }
  onMounted(load)
  return { items, broken, playbooks, loading, problem, load }
}
